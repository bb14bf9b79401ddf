"""Pin what the local network installs, with hashes: one file per version and Python."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from vantage6.localnet._environment import find_uv, pinned_requirements, requirements

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# The Pythons that a version is installed on: 4.x on that of its user, 5.x on 3.13.
PYTHONS = {
    "4.15.2": ("3.10", "3.11", "3.12", "3.13"),
    **{f"5.0.{patch}": ("3.13",) for patch in range(4)},
}
HEADER = "# Made by `nox -s requirements`; do not edit.\n"


def main() -> None:
    """Write all files."""
    for version, pythons in PYTHONS.items():
        for python in pythons:
            path = pinned_requirements(version, python)
            path.parent.mkdir(exist_ok=True)
            path.write_text(HEADER + "".join(pin(resolve(version, python), python)))
            print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


def resolve(version: str, python: str) -> list[dict[str, Any]]:
    """Return the packages for a version, for every platform."""
    command = (str(find_uv()), "pip", "compile", "--quiet", "--universal", "--python-version")
    with tempfile.TemporaryDirectory() as folder:
        wanted, lock = Path(folder, "requirements.in"), Path(folder, "pylock.toml")
        wanted.write_text("\n".join(requirements(version)))
        options = (python, "--format", "pylock.toml", "--output-file", str(lock))
        subprocess.run([*command, *options, str(wanted)], check=True)
        return tomllib.loads(lock.read_text())["packages"]


def pin(packages: list[dict[str, Any]], python: str) -> Iterator[str]:
    """Yield a line for each package, with the hashes of the files that may be installed."""
    for package in packages:
        marker = package.get("marker", "")
        if "sys_platform == 'win32'" in marker and " or " not in marker:
            continue  # the local network runs on Linux and macOS
        wheels = [each for each in package.get("wheels", ()) if fits(file_name(each), python)]
        files = [*wheels, package["sdist"]] if "sdist" in package else wheels
        hashes = sorted(f"--hash=sha256:{each['hashes']['sha256']}" for each in files)
        condition = f" ; {marker}" if marker else ""
        yield f"{package['name']}=={package['version']}{condition} {' '.join(hashes)}\n"


def file_name(wheel: dict[str, Any]) -> str:
    """Return the name of a file."""
    return wheel.get("name") or wheel["url"].rpartition("/")[2].partition("#")[0]


def fits(name: str, python: str) -> bool:
    """Return whether a wheel may be installed on a Python, on a usual machine."""
    return any(fits_tag(tag, python) for tag in parse_wheel_filename(name)[3])


def fits_tag(tag: Tag, python: str) -> bool:
    """Return whether a tag of a wheel is one of a Python, on a usual machine."""
    minor = int(python.partition(".")[2])
    exact, is_old = f"cp3{minor}", tag.interpreter in {f"cp3{each}" for each in range(2, minor + 1)}
    if not (
        (tag.interpreter.startswith("py3") and tag.abi == "none")
        or (tag.interpreter == exact and tag.abi in (exact, "none"))
        or (is_old and tag.abi == "abi3")
    ):
        return False
    usual = ("x86_64", "aarch64", "arm64", "universal2")
    systems = ("manylinux", "musllinux", "macosx")
    return tag.platform == "any" or (
        tag.platform.startswith(systems) and tag.platform.endswith(usual)
    )


if __name__ == "__main__":
    main()
