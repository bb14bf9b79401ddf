"""Test the pinned packages of the local network's environments."""

import re
from pathlib import Path

import pytest
import requirements
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from vantage6.localnet import _environment

FILES = sorted(_environment.pinned_requirements("5.0.3", "3.13").parent.iterdir())


def test_each_version_and_python_has_a_file() -> None:
    pairs = {(version, each) for version, all_ in requirements.PYTHONS.items() for each in all_}
    assert {*FILES} == {_environment.pinned_requirements(*pair) for pair in pairs}
    assert {"4.15.2", "5.0.0", "5.0.1", "5.0.2", "5.0.3"} == requirements.PYTHONS.keys()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_all_packages_are_pinned_with_hashes(file: Path) -> None:
    found: dict[str, Requirement] = {}
    for line in file.read_text().splitlines():
        if line.startswith("#"):
            continue
        text, *hashes = line.split(" --hash=sha256:")
        assert hashes, line
        assert all(re.fullmatch("[0-9a-f]{64}", each) for each in hashes), line
        requirement = Requirement(text)
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), line
        found[canonicalize_name(requirement.name)] = requirement
    for text in _environment.requirements(file.stem.partition("-py")[0]):
        wanted = Requirement(text)
        (pin,) = found[canonicalize_name(wanted.name)].specifier
        assert pin.version in wanted.specifier, text


@pytest.mark.parametrize(
    ("wheel", "fits"),
    [
        ("a-1-py3-none-any.whl", True),
        ("a-1-py2.py3-none-any.whl", True),
        ("a-1-py2-none-any.whl", False),
        ("a-1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("a-1-cp39-abi3-musllinux_1_2_aarch64.whl", True),
        ("a-1-cp313-cp313-macosx_11_0_arm64.whl", True),
        ("a-1-cp314-abi3-macosx_11_0_arm64.whl", False),
        ("a-1-cp312-cp312-macosx_11_0_arm64.whl", False),
        ("a-1-cp313-cp313t-macosx_11_0_arm64.whl", False),
        ("a-1-cp313-cp313-win_amd64.whl", False),
        ("a-1-cp313-cp313-manylinux_2_17_ppc64le.whl", False),
    ],
)
def test_hashes_are_of_files_that_fit(wheel: str, *, fits: bool) -> None:
    assert requirements.fits(wheel, "3.13") is fits


def test_line_has_the_hashes_of_sdist_and_wheels() -> None:
    def file(name: str) -> dict[str, object]:
        return {"url": f"https://index.example/{name}", "hashes": {"sha256": name[-5:]}}

    package = {"name": "a", "version": "1", "marker": "sys_platform != 'win32'"}
    package |= {"sdist": file("a-1.tar.gz"), "wheels": [file("a-1-py3-none-any.whl")]}
    marker = "python_full_version >= '3.10' and sys_platform == 'win32'"
    windows = {"name": "b", "version": "1", "marker": marker, "wheels": []}
    assert [*requirements.pin([package, windows], "3.13")] == [
        "a==1 ; sys_platform != 'win32' --hash=sha256:ar.gz --hash=sha256:y.whl\n"
    ]
