"""Python environment with the server, created once per version and cached."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import platformdirs

from vantage6.localnet._errors import EnvironmentBuildError
from vantage6.localnet._processes import clean_environment

_CACHE_VARIABLE = "VANTAGE6_LOCALNET_CACHE"
# Increased with every change of the installed packages. It is part of the folder's name, because a
# network of another release may be running in the old environment.
_RECIPE = "2"
_INSTALL_SECONDS = 1800
# Variables for installers, which run code of many packages: proxies, package indexes, certificates
# and compilers.
_INSTALLER_VARIABLES = re.compile(
    r"(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
    r"|PIP_.+|NPM_CONFIG_.+|HOME|XDG_(CACHE|CONFIG)_HOME|CC|CFLAGS|LDFLAGS",
    re.IGNORECASE,
)


def environment_python(version: str) -> Path:
    """Return the environment's interpreter for a server version, built if necessary."""
    check_version(version)
    python_version = f"py{sys.version_info.major}.{sys.version_info.minor}"
    home = cache_folder() / f"{version}-{python_version}-{_RECIPE}"
    python = home / "bin" / "python"
    install_once(home, python, lambda: _build(home, version))
    return python


def check_version(version: str) -> None:
    """Raise an error unless a version is one of vantage6 4."""
    if not re.fullmatch(r"4\.\d+\.\d+\w*", str(version)):
        message = f"version: expected a version of vantage6 4 such as '4.15.2', got {version!r}."
        raise EnvironmentBuildError(message)


def install_once(home: Path, required_file: Path, build: Callable[[], None]) -> None:
    """Build a cache folder unless it is complete."""
    if not _is_complete(home, required_file):
        with _usable(home.parent), _file_lock(home.with_name(home.name + ".lock")):
            # Another process may have built it meanwhile.
            if not _is_complete(home, required_file):
                shutil.rmtree(home, ignore_errors=True)
                build()
                _completion_marker(home).touch()


def cache_folder() -> Path:
    """Return the cache folder, created if necessary."""
    chosen = os.environ.get(_CACHE_VARIABLE)
    folder = Path(chosen) if chosen else platformdirs.user_cache_path("vantage6-sdk") / "localnet"
    with _usable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise EnvironmentBuildError(
            f"cache folder: expected {folder} to belong to you and to be writable only by you, "
            "because its programs run under your account. Run 'chmod go-w', or name another "
            f"folder in {_CACHE_VARIABLE}."
        )
    return folder.resolve()


@contextlib.contextmanager
def _usable(folder: Path) -> Generator[None]:
    """Raise an error that names the cache folder and its variables if it cannot be used."""
    try:
        yield
    except OSError as error:
        raise EnvironmentBuildError(
            f"cache folder: expected a folder with 500 MB of free space that you can write to, got "
            f"{folder}: {error.strerror or error}. Name another folder in {_CACHE_VARIABLE} or "
            "XDG_CACHE_HOME."
        ) from None


@contextlib.contextmanager
def _file_lock(path: Path) -> Generator[None]:
    """Hold a file lock, so that only one process builds a folder at a time."""
    import fcntl  # POSIX only

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


def _is_complete(home: Path, required_file: Path) -> bool:
    """Return whether a folder was built completely."""
    return _completion_marker(home).exists() and required_file.exists()


def _build(home: Path, version: str) -> None:
    """Build the environment, with progress messages on standard error."""
    started = time.monotonic()
    name = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    _print_progress(
        f"Building an environment for vantage6-server {version} on {name}, once. This may take"
    )
    _print_progress(f"a few minutes. Location: {home}")
    run_step([sys.executable, "-m", "venv", str(home)], home, "create a virtual environment")
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    run_step([*pip, "install", *_requirements(version)], home, f"install vantage6-server {version}")
    _print_progress(f"The environment is ready after {time.monotonic() - started:.0f} s.")


def _requirements(version: str) -> list[str]:
    """Return the packages to install."""
    packages = ("server", "algorithm-store", "algorithm-tools", "backend-common")
    requirements = [
        f"vantage6=={version}",
        *(f"vantage6-{package}=={version}" for package in packages),
        "pyuwsgi",  # uWSGI in wheels, which need no compiler
        "websocket-client",  # python-socketio's client needs it for websockets
        "setuptools<80",  # releases up to 4.7 import pkg_resources
    ]
    if version.startswith("4.13."):
        # These releases import the Azure packages, but do not declare them as dependencies.
        requirements += ["azure-identity", "azure-storage-blob"]
    return requirements


def run_step(command: list[str], home: Path, purpose: str) -> None:
    """Run a build step; raise an error with its last output line if it fails."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALL_SECONDS,
            env=_installer_environment(),
        )
    except subprocess.TimeoutExpired:
        message = f"could not {purpose}: timed out after {_INSTALL_SECONDS} s."
        raise EnvironmentBuildError(message) from None
    if done.returncode != 0:
        log = home.with_name(home.name + ".log")
        log.write_text(done.stdout)
        message = f"could not {purpose}: {_failure_reason(done.stdout)}. Full output: {log}"
        raise EnvironmentBuildError(message)


def _installer_environment() -> dict[str, str]:
    """Return the environment variables for an installer."""
    chosen = {
        name: value for name, value in os.environ.items() if _INSTALLER_VARIABLES.fullmatch(name)
    }
    return clean_environment(**chosen)


def _failure_reason(output: str) -> str:
    """Return the reason for a failed step, from the output of pip or venv."""
    if "connection broken" in output or "Failed to establish a new connection" in output:
        return "the package index cannot be reached. Check your network connection"
    if "No space left on device" in output:
        return f"no space is left. Name another cache folder in {_CACHE_VARIABLE} or XDG_CACHE_HOME"
    if "ensurepip is not available" in output:
        return "this Python has no ensurepip. Install it ('apt install python3-venv')"
    errors = [line for line in output.splitlines() if line.lower().startswith("error:")]
    lines = errors or output.strip().splitlines() or ["no output"]
    return lines[-1].removeprefix("ERROR: ").strip().rstrip(".")


def _print_progress(line: str) -> None:
    """Print a progress message to standard error."""
    print(f"vantage6.localnet: {line}", file=sys.stderr, flush=True)  # noqa: T201
