"""Python environment with the server, created once per version and cached."""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Generator
from pathlib import Path

import platformdirs

from vantage6.localnet._errors import EnvironmentBuildError

_CACHE_VARIABLE = "VANTAGE6_LOCALNET_CACHE"
# Increased with every change of the installed packages, so that old environments are rebuilt.
_RECIPE = "1"
_INSTALL_SECONDS = 1800


def environment_python(version: str) -> Path:
    """Return the environment's interpreter for a server version, built if necessary."""
    if not re.fullmatch(r"4\.\d+\.\d+\w*", version):
        message = f"version: expected a version of vantage6 4 such as '4.15.2', got {version!r}."
        raise EnvironmentBuildError(message)
    home = cache_folder() / f"{version}-py{sys.version_info.major}.{sys.version_info.minor}"
    python = home / "bin" / "python"
    install_once(home, _RECIPE, python, lambda: _build(home, version))
    return python


def install_once(home: Path, recipe: str, required_file: Path, build: Callable[[], None]) -> None:
    """Build a cache folder unless it is complete."""
    if not _is_complete(home, recipe, required_file):
        with _file_lock(home.with_name(home.name + ".lock")):
            # Another process may have built it meanwhile.
            if not _is_complete(home, recipe, required_file):
                shutil.rmtree(home, ignore_errors=True)
                build()
                _completion_marker(home).write_text(recipe)


def cache_folder() -> Path:
    """Return the cache folder, created if necessary."""
    chosen = os.environ.get(_CACHE_VARIABLE)
    folder = Path(chosen) if chosen else platformdirs.user_cache_path("vantage6-sdk") / "localnet"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@contextlib.contextmanager
def _file_lock(path: Path) -> Generator[None]:
    """Hold a file lock, so that only one process builds a folder at a time."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _print_progress("Waiting for another process that is building this environment.")
            fcntl.flock(file, fcntl.LOCK_EX)  # released by the system when its holder ends
        yield


def _completion_marker(home: Path) -> Path:
    """Return the marker file, which is written last and marks a folder as complete."""
    return home / "vantage6-localnet"


def _is_complete(home: Path, recipe: str, required_file: Path) -> bool:
    """Return whether a folder was built completely by this recipe."""
    with contextlib.suppress(FileNotFoundError):
        return _completion_marker(home).read_text() == recipe and required_file.exists()
    return False


def _build(home: Path, version: str) -> None:
    """Build the environment, with progress messages on standard error."""
    _require_compiler()
    started = time.monotonic()
    name = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    _print_progress(
        f"Building an environment for vantage6-server {version} on {name}, once. This may take"
    )
    _print_progress(f"a few minutes. Location: {home}")
    run_step([sys.executable, "-m", "venv", str(home)], home, "create a virtual environment")
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    run_step([*pip, "install", *_requirements(version)], home, f"install vantage6-server {version}")
    _require_websockets(home)
    _print_progress(f"The environment is ready after {time.monotonic() - started:.0f} s.")


def _requirements(version: str) -> list[str]:
    """Return the packages to install."""
    packages = ("server", "algorithm-store", "algorithm-tools", "backend-common")
    requirements = [
        f"vantage6=={version}",
        *(f"vantage6-{package}=={version}" for package in packages),
        "uwsgi",
        "websocket-client",  # python-socketio's client needs it for websockets
        "setuptools<80",  # releases up to 4.7 import pkg_resources
    ]
    if version.startswith("4.13."):
        # These releases import the Azure packages, but do not declare them as dependencies.
        requirements += ["azure-identity", "azure-storage-blob"]
    return requirements


def _require_compiler() -> None:
    """Raise an error unless a C compiler and Python's headers are installed."""
    setting = os.environ.get("CC") or str(sysconfig.get_config_var("CC") or "cc")
    compiler = setting.split()[0]
    if shutil.which(compiler) is None:
        message = (
            f"uWSGI is built from source: expected the C compiler {compiler!r} on PATH. "
            "Install one ('apt install build-essential', 'xcode-select --install'), or set the "
            "environment variable CC."
        )
        raise EnvironmentBuildError(message)
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists():
        message = (
            f"uWSGI is built from source: expected Python's headers at {header}. Install them "
            "('apt install python3-dev'), or use a Python that includes them."
        )
        raise EnvironmentBuildError(message)


def _require_websockets(home: Path) -> None:
    """Raise an error unless uWSGI was built with OpenSSL, which websockets need."""
    options = subprocess.run(
        [str(home / "bin" / "uwsgi"), "--help"], capture_output=True, text=True, timeout=60
    ).stdout
    if "--https" not in options:
        message = (
            "uWSGI: expected a build with OpenSSL, which websockets need. Install OpenSSL's "
            "headers ('apt install libssl-dev', 'brew install openssl') and try again."
        )
        raise EnvironmentBuildError(message)


def run_step(command: list[str], home: Path, purpose: str) -> None:
    """Run a build step; raise an error with its last output line if it fails."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        message = f"could not {purpose}: timed out after {_INSTALL_SECONDS} s."
        raise EnvironmentBuildError(message) from None
    if done.returncode != 0:
        log = home.with_name(home.name + ".log")
        log.write_text(done.stdout)
        message = f"could not {purpose}: {_failure_reason(done.stdout)}. Full output: {log}"
        raise EnvironmentBuildError(message)


def _failure_reason(output: str) -> str:
    """Return the reason for a failed step, from the output of pip or venv."""
    if "connection broken" in output or "Failed to establish a new connection" in output:
        return "the package index cannot be reached. Check your network connection"
    if "ensurepip is not available" in output:
        return "this Python has no ensurepip. Install it ('apt install python3-venv')"
    errors = [line for line in output.splitlines() if line.lower().startswith("error:")]
    lines = errors or output.strip().splitlines() or ["no output"]
    return lines[-1].removeprefix("ERROR: ").strip().rstrip(".")


def _print_progress(line: str) -> None:
    """Print a progress message to standard error."""
    print(f"vantage6.localnet: {line}", file=sys.stderr, flush=True)  # noqa: T201
