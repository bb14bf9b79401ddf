"""Test the pytest plugin: its settings and marks, its errors, its import time."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vantage6.localnet import LocalNetwork, LocalNetworkError
from vantage6.testing._network_spec import (
    Mark,
    NetworkSpec,
    NetworkSpecError,
    apply_markers,
    check_marker_names,
    spec_from_settings,
)

FOLDER = Path("/project")
HEAVY = ("httpx", "attrs", "attr", "cryptography", "pandas", "vantage6.client", "vantage6.localnet")


def settings(**given: Any) -> NetworkSpec:
    usual: dict[str, Any] = {
        "organizations": [],
        "algorithms": [],
        "databases": [],
        "encrypted": False,
        "version": "",
        "folder": FOLDER,
    }
    return spec_from_settings(**{**usual, **given})


def test_settings_choose_the_network() -> None:
    assert settings() == NetworkSpec()
    found = settings(
        organizations=["North", "South"],
        algorithms=["registry.example/a:1 = a", "b=/elsewhere/b.py"],
        databases=["North = n.csv", "South / visits = v.db", "South = s = 1.csv"],
        encrypted=True,
        version="4.10.2",
    )
    assert found.organizations == ("North", "South")
    assert found.algorithms == (
        ("registry.example/a:1", FOLDER / "a"),
        ("b", Path("/elsewhere/b.py")),
    )
    assert found.databases_by_name() == {
        "North": {"default": FOLDER / "n.csv"},
        "South": {"visits": FOLDER / "v.db", "default": FOLDER / "s = 1.csv"},
    }
    assert (found.encrypted, found.version) == (True, "4.10.2")
    assert str(found) == "2 organizations, encrypted"
    assert settings(organizations=["5"]).organizations == 5
    assert str(settings(databases=["North = n.csv"])) == "1 organization"
    for line in ("a", "= b", "a ="):
        with pytest.raises(NetworkSpecError, match="expected lines 'name = path'"):
            settings(algorithms=[line])


def test_marks_override_settings() -> None:
    usual = settings(organizations=["2"], algorithms=["a = a"], databases=["IKNL = i.csv"])
    marks = [
        Mark("v6_organizations", ("North",)),
        Mark("v6_encrypted"),
        Mark("v6_algorithms", ({"b": "b"},)),
        Mark("v6_databases", ({"North": {"default": "n.csv", "visits": Path("/v.db")}},)),
    ]
    found = apply_markers(usual, marks, Path("/tests"))
    assert found == NetworkSpec(
        organizations=("North",),
        encrypted=True,
        algorithms=(("a", FOLDER / "a"), ("b", Path("/tests/b"))),
        databases=(
            ("North", "default", Path("/tests/n.csv")),
            ("North", "visits", Path("/v.db")),
        ),
    )
    assert apply_markers(found, [Mark("v6_encrypted", (False,))], FOLDER).encrypted is False
    assert apply_markers(found, [Mark("v6_organizations", (4,))], FOLDER).organizations == 4
    assert hash(found) != hash(usual)


@pytest.mark.parametrize(
    ("mark", "hint"),
    [
        (Mark("v6_organizations"), "a number or names"),
        (Mark("v6_organizations", (True,)), "a number or names"),
        (Mark("v6_organizations", (1, 2)), "a number or names"),
        (Mark("v6_encrypted", ("yes",)), "True, False or no argument"),
        (Mark("v6_encrypted", (), {"yes": True}), "expected no keyword arguments, got yes"),
        (Mark("v6_algorithms", ("a",)), "a dict of image name to package folder"),
        (Mark("v6_algorithms", ({"a": 1},)), "expected a path for 'a', got 1"),
        (Mark("v6_databases", ({1: "n.csv"},)), "a dict of organization to file"),
        (Mark("v6_databases", ({"North": {"default": 1}},)), "paths by label for 'North', got"),
    ],
)
def test_invalid_mark_is_rejected(mark: Mark, hint: str) -> None:
    with pytest.raises(NetworkSpecError, match=hint):
        apply_markers(NetworkSpec(), [mark], FOLDER)


def run_pytest(folder: Path, test: str, *arguments: str) -> str:
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    if "vantage6.testing.plugin" not in installed_plugins():
        command += ["-p", "vantage6.testing.plugin"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    return done.stdout + done.stderr


def installed_plugins() -> set[str]:
    from importlib.metadata import entry_points

    return {point.value for point in entry_points(group="pytest11")}


def test_invalid_options_fail_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    mark = "import pytest\n@pytest.mark.{}\ndef test_it(v6_client): pass\n"
    told = run_pytest(tmp_path, mark.format("v6_encrypted(1)"))
    assert (
        "test_it.py::test_it: v6_encrypted: expected True, False or no argument, got (1,)" in told
    )
    told = run_pytest(tmp_path, mark.format("v6_algorithms({'a': 'nothing'})") * 2)
    assert "failed to start: algorithm 'a': expected a package" in told
    assert "Traceback" not in told
    for name, hint in (
        ("v6_encripted", "v6_encripted: expected the mark v6_encrypted, got"),
        ("v6_version('4.10.2')", "v6_version: expected a setting, got a mark"),
        ("v6_x", "v6_x: expected the mark v6_organizations or v6_encrypted or"),
    ):
        for fixture in ("v6_client", ""):  # a mark that is misspelled may be on any test
            told = run_pytest(tmp_path, mark.format(name).replace("v6_client", fixture))
            assert f"test_it.py::test_it: {hint}" in told
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers = v6_x(a): ours\nv6_databases = North\n"
    )
    told = run_pytest(tmp_path, mark.format("v6_x"))
    assert "v6_databases: expected lines 'name = path', got 'North'" in told


def test_unknown_marks_are_rejected() -> None:
    check_marker_names(["v6_encrypted", "slow", "v6_ours"], ["v6_ours"])
    for name, hint in (
        ("v6_encripted", "expected the mark v6_encrypted, got v6_encripted"),
        ("v6_version", "expected a setting, got a mark"),
        ("v6_x", "expected the mark v6_organizations or v6_encrypted or"),
    ):
        with pytest.raises(NetworkSpecError, match=f"^{name}: {hint}"):
            check_marker_names([name], [])


def test_plugin_loads_few_modules() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import vantage6.testing.plugin; "
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "vantage6.testing.plugin" in loaded
    assert not loaded & {*HEAVY}
    assert len(loaded) < 15, loaded


# -- what the network makes of it ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"organizations": 0}, "expected 1 or more, got 0"),
        ({"organizations": []}, "expected 1 or more"),
        ({"organizations": "North"}, r"a list of names, got 'North'"),
        ({"organizations": ["A", "A"]}, r"unique, non-empty names, got \['A'\]"),
        ({"organizations": [" "]}, "unique, non-empty names"),
        (
            {"organizations": ["A"], "databases": {"B": "b.csv"}},
            r"names of organizations \(A\), got 'B'",
        ),
        ({"databases": {"A": "nowhere.csv"}}, "'default' of 'A': expected a file at .*nowhere.csv"),
        ({"databases": {"A": "a.parquet"}}, "expected one of .csv.*'a.parquet'"),
        ({"databases": {"A": {"a b": "a.csv"}}}, "a label of letters"),
        ({"databases": {"A": {"a": "a.csv", "A": "a.csv"}}}, "differ in more than case"),
        ({"algorithms": {"x": "empty"}}, "has no __init__.py."),
        ({"algorithms": {"x": "."}}, "Did you mean package in it"),
        ({"algorithms": {"x": "a.csv"}}, "an importable name"),
        ({"algorithms": {"x": "with-dash"}}, "an importable name"),
        ({"algorithms": {"x": "nowhere"}}, "found nothing"),
    ],
)
def test_invalid_network_is_rejected(
    options: dict[str, Any], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("a\n1\n")
    for name in ("empty", "package", "with-dash"):
        Path(name).mkdir()
    for name in ("package", "with-dash"):
        (Path(name) / "__init__.py").touch()
    with pytest.raises(LocalNetworkError, match=hint):
        LocalNetwork(**options)
