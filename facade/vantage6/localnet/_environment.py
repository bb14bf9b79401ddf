"""The Python environment that the real server lives in: made once per version, then kept.

vantage6-server pins most of what it uses, so it never shares an environment with the SDK. Each
pair of server version and Python version gets a virtual environment in the user's cache folder.
"""

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
# Raised whenever what is installed changes, so that environments of an older recipe are made anew.
_RECIPE = "1"
_INSTALL_SECONDS = 1800


def environment_python(version: str) -> Path:
    """Return the interpreter of the environment for a server version, making it if need be.

    Parameters
    ----------
    version : str
        Version of the vantage6 packages, as on the package index, for example ``"4.15.2"``.

    Returns
    -------
    Path
        The environment's Python interpreter.

    Raises
    ------
    EnvironmentBuildError
        The version is not one, a compiler or header is missing, or the packages cannot be had.

    Examples
    --------
    >>> environment_python("4.15.2")  # doctest: +SKIP
    PosixPath('/home/me/.cache/vantage6-sdk/localnet/4.15.2-py3.12/bin/python')
    """
    if not re.fullmatch(r"4\.\d+\.\d+\w*", version):
        message = f"{version!r} is not a version of vantage6 4; one looks like '4.15.2'."
        raise EnvironmentBuildError(message)
    home = cache_folder() / f"{version}-py{sys.version_info.major}.{sys.version_info.minor}"
    python = home / "bin" / "python"
    install_once(home, _RECIPE, python, lambda: _build(home, version))
    return python


def install_once(home: Path, recipe: str, wanted: Path, build: Callable[[], None]) -> None:
    """Make a folder of the cache, unless it is there already.

    Parameters
    ----------
    home : Path
        The folder.
    recipe : str
        What is made; a folder that was made by another recipe is made anew.
    wanted : Path
        A file that must be in it.
    build : callable
        Makes it, from nothing.
    """
    if not _is_complete(home, recipe, wanted):
        with _locked(home.with_name(home.name + ".lock")):
            if not _is_complete(home, recipe, wanted):  # another process may have made it meanwhile
                shutil.rmtree(home, ignore_errors=True)
                build()
                _marker(home).write_text(recipe)


def cache_folder() -> Path:
    """Return the folder that holds the environments, made if it is not there."""
    chosen = os.environ.get(_CACHE_VARIABLE)
    folder = Path(chosen) if chosen else platformdirs.user_cache_path("vantage6-sdk") / "localnet"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


@contextlib.contextmanager
def _locked(path: Path) -> Generator[None]:
    """Hold a lock file, so that two processes never build one environment at once."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell("Another process is making this environment; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)  # the system ends the lock with its holder
        yield


def _marker(home: Path) -> Path:
    """Return the file that is written last, and so tells a whole environment from a torn one."""
    return home / "vantage6-localnet"


def _is_complete(home: Path, recipe: str, wanted: Path) -> bool:
    """Tell whether a folder was made to its end by this recipe, and what is wanted is there."""
    with contextlib.suppress(FileNotFoundError):
        return _marker(home).read_text() == recipe and wanted.exists()
    return False


def _build(home: Path, version: str) -> None:
    """Make the environment anew, telling on stderr what happens: it takes a minute or two."""
    _require_compiler()
    started = time.monotonic()
    name = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    _tell(f"Making an environment for vantage6-server {version} on {name}, once. This may take")
    _tell(f"a few minutes. It is kept in {home}")
    run_step([sys.executable, "-m", "venv", str(home)], home, "create a virtual environment")
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    run_step([*pip, "install", *_requirements(version)], home, f"install vantage6-server {version}")
    _require_websockets(home)
    _tell(f"The environment is ready after {time.monotonic() - started:.0f} s.")


def _requirements(version: str) -> list[str]:
    """Return what pip installs: one version of every vantage6 package, and what serves them."""
    packages = ("server", "algorithm-store", "algorithm-tools", "backend-common")
    requirements = [
        f"vantage6=={version}",
        *(f"vantage6-{package}=={version}" for package in packages),
        "uwsgi",
        "websocket-client",  # python-socketio's client needs it for websockets
        "setuptools<80",  # releases up to 4.7 import pkg_resources
    ]
    if version.startswith("4.13."):
        # These releases import what stores blobs, and do not name it among what they need.
        requirements += ["azure-identity", "azure-storage-blob"]
    return requirements


def _require_compiler() -> None:
    """Raise unless a C compiler and Python's headers are there: uWSGI is published as source."""
    setting = os.environ.get("CC") or str(sysconfig.get_config_var("CC") or "cc")
    compiler = setting.split()[0]
    if shutil.which(compiler) is None:
        message = (
            f"uWSGI is built from source and needs the C compiler {compiler!r}, which is not on "
            "PATH. Install one ('apt install build-essential', 'xcode-select --install'), or name "
            "another in the environment variable CC."
        )
        raise EnvironmentBuildError(message)
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists():
        message = (
            f"uWSGI is built from source and needs Python's headers, but {header} is not there. "
            "Install them ('apt install python3-dev'), or use a Python that brings them."
        )
        raise EnvironmentBuildError(message)


def _require_websockets(home: Path) -> None:
    """Raise unless uWSGI was built with OpenSSL, without which it refuses websockets."""
    options = subprocess.run(
        [str(home / "bin" / "uwsgi"), "--help"], capture_output=True, text=True, timeout=60
    ).stdout
    if "--https" not in options:
        message = (
            "uWSGI was built without OpenSSL and cannot serve websockets. Install OpenSSL's "
            "headers ('apt install libssl-dev', 'brew install openssl') and try again."
        )
        raise EnvironmentBuildError(message)


def run_step(command: list[str], home: Path, purpose: str) -> None:
    """Run one step of what makes a folder of the cache; raise with its last words if it fails.

    Parameters
    ----------
    command : list of str
        Program and arguments.
    home : Path
        The folder; what a failed step printed goes beside it.
    purpose : str
        What the step is to do, for the message.

    Raises
    ------
    EnvironmentBuildError
        It failed, or did not end in time.
    """
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        message = f"Could not {purpose}: no end after {_INSTALL_SECONDS} s."
        raise EnvironmentBuildError(message) from None
    if done.returncode != 0:
        log = home.with_name(home.name + ".log")
        log.write_text(done.stdout)
        message = f"Could not {purpose}: {_reason(done.stdout)}. All of it: {log}"
        raise EnvironmentBuildError(message)


def _reason(output: str) -> str:
    """Say in a line why a step of the build failed, from what pip or venv printed."""
    if "connection broken" in output or "Failed to establish a new connection" in output:
        return "the package index cannot be reached; is there a network?"
    if "ensurepip is not available" in output:
        return "this Python has no ensurepip ('apt install python3-venv' brings it)"
    errors = [line for line in output.splitlines() if line.lower().startswith("error:")]
    lines = errors or output.strip().splitlines() or ["no output"]
    return lines[-1].removeprefix("ERROR: ").strip().rstrip(".")


def _tell(line: str) -> None:
    """Print a line of progress to stderr."""
    print(f"vantage6.localnet: {line}", file=sys.stderr, flush=True)  # noqa: T201
