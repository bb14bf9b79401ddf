"""Find uv, and a Python that a version of vantage6 supports; install what is missing."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from vantage6.localnet._errors import EnvironmentBuildError
from vantage6.localnet._processes import clean_environment

# Runs a command for a purpose; raises `EnvironmentBuildError` if it fails.
RunStep = Callable[[list[str], Path, str], None]

# Version 5 requires Python 3.13. Of the later ones, the lowest is preferred, because its wheels are
# complete.
_MINIMUM = (3, 13)
_NEWEST_MINOR = 20
_PROBE_SECONDS = 20
_PROBE = "import sys; print(*sys.version_info[:2], sys.executable)"


def install_uv(home: Path, run_step: RunStep) -> None:
    """Install uv into a folder, with pip."""
    pip = [sys.executable, "-m", "pip"]
    if importlib.util.find_spec("pip") is None:
        run_step([sys.executable, "-m", "venv", str(home / "pip")], home, "create an environment")
        pip = [str(home / "pip" / "bin" / "python"), "-m", "pip"]
    options = ("--disable-pip-version-check", "--no-input", "--target", str(home))
    run_step([*pip, "install", *options, "uv"], home, "install uv")


def find_python(uv: Path, home: Path, run_step: RunStep) -> Path:
    """Return a Python for version 5, installed by uv if none is found."""
    for candidate in _candidates():
        if python := _probe([str(candidate)]):
            return python
    if python := _managed_python(uv):
        return python
    version = f"{_MINIMUM[0]}.{_MINIMUM[1]}"
    try:
        run_step([str(uv), "python", "install", version], home, f"install Python {version}")
    except EnvironmentBuildError as error:
        raise EnvironmentBuildError(
            f"vantage6 5: expected Python {version} or later on PATH, in pyenv or in uv, found "
            f"none, and {error} Install one ('uv python install {version}', 'pyenv install "
            f"{version}', 'apt install python{version}', 'brew install python@{version}')."
        ) from None
    if python := _managed_python(uv):
        return python
    raise EnvironmentBuildError(f"vantage6 5: uv installed Python {version}, but does not find it.")


def _candidates() -> Iterator[Path]:
    """Yield interpreters that may be recent enough: this one, those on PATH, those of pyenv."""
    if sys.version_info >= _MINIMUM:
        yield Path(sys.executable)
    minors = range(_MINIMUM[1], _NEWEST_MINOR)
    for name in (*(f"python3.{minor}" for minor in minors), "python3"):
        if found := shutil.which(name):
            yield Path(found)
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for minor in minors:
        versions = root.glob(f"versions/3.{minor}.*/bin/python")
        yield from sorted(versions, key=lambda path: _numbers(path.parts[-3]), reverse=True)


def _numbers(version: str) -> list[int]:
    """Return the numbers in a version, to sort by."""
    return [int(number) for number in re.findall(r"\d+", version)]


def _managed_python(uv: Path) -> Path | None:
    """Return a Python that uv has installed."""
    minimum = f">={_MINIMUM[0]}.{_MINIMUM[1]}"
    command = [str(uv), "python", "find", "--no-project", "--managed-python", minimum]
    found = _output(command)
    return _probe([found]) if found else None


def _probe(command: list[str]) -> Path | None:
    """Return the path of an interpreter if it runs and is recent enough."""
    # A name on PATH may be a shim of pyenv, which fails for versions that are not selected.
    major, _, rest = _output([*command, "-I", "-c", _PROBE]).partition(" ")
    minor, _, executable = rest.partition(" ")
    if minor.isdecimal() and (int(major), int(minor)) >= _MINIMUM:
        return Path(executable)
    return None


def _output(command: list[str]) -> str:
    """Return what a command prints, or nothing if it fails."""
    home = {"HOME": str(Path.home())}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            env=clean_environment(**home),
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
