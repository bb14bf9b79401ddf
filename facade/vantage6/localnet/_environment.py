"""Python environment with the server, created once per version and cached."""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

import platformdirs

from vantage6.localnet._errors import EnvironmentBuildError
from vantage6.localnet._interpreters import find_python, install_uv
from vantage6.localnet._processes import clean_environment

_CACHE_VARIABLE = "VANTAGE6_LOCALNET_CACHE"
_UV_RECIPE = "1"
# Pinned packages with hashes, a file for each version and Python; `nox -s requirements` makes them.
_PINNED = Path(__file__).with_name("_requirements")
_INSTALL_SECONDS = 1800
# Between two reports of progress: in a terminal, where they replace each other, and elsewhere.
_TERMINAL_SECONDS, _LINE_SECONDS = 0.2, 5.0
# Variables for installers, which run code of many packages: proxies, package indexes, certificates
# and compilers.
_INSTALLER_VARIABLES = re.compile(
    r"(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
    r"|PIP_.+|NPM_CONFIG_.+|HOME|JAVA_HOME|XDG_(CACHE|CONFIG|DATA)_HOME|CC|CFLAGS|LDFLAGS"
    r"|UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|INDEX_STRATEGY|CACHE_DIR|HTTP_TIMEOUT"
    r"|NATIVE_TLS|SYSTEM_CERTS|OFFLINE|PYTHON_INSTALL_DIR|PYTHON_INSTALL_MIRROR|CONFIG_FILE)",
    re.IGNORECASE,
)


def environment_python(version: str) -> Path:
    """Return the environment's interpreter for a version of vantage6, built if necessary."""
    check_version(version)
    # Version 5 runs on any Python that it supports.
    python_version = "3.13" if is_version_5(version) else ".".join(map(str, sys.version_info[:2]))
    pinned = pinned_requirements(version, python_version)
    packages = pinned.read_bytes() if pinned.exists() else " ".join(requirements(version)).encode()
    # A network of another release may be running in an environment with other packages.
    name = f"{version}-py{python_version}-{hashlib.sha256(packages).hexdigest()[:8]}"
    home = cache_folder() / name
    python = home / "bin" / "python"
    install_once(home, python, lambda: _build(home, version, python_version))
    return python


def pinned_requirements(version: str, python_version: str) -> Path:
    """Return the file of the packages for a version on a Python, which may not exist."""
    return _PINNED / f"{version}-py{python_version}.txt"


def is_version_5(version: str) -> bool:
    """Return whether a version is of generation 5."""
    return version.startswith("5.")


def find_uv() -> Path:
    """Return uv: from PATH, or installed in the cache."""
    if found := shutil.which("uv"):
        return Path(found)
    home = cache_folder() / f"uv-{_UV_RECIPE}"
    uv = home / "bin" / "uv"
    install_once(home, uv, lambda: install_uv(home, run_step))
    return uv


def check_version(version: str) -> None:
    """Raise an error unless a version is one of vantage6 4 or 5.0."""
    if not re.fullmatch(r"(4\.\d+|5\.0)\.\d+\w*", str(version)):
        raise EnvironmentBuildError(
            "version: expected a version of vantage6 4 or 5.0, such as '4.15.2' or '5.0.3', got "
            f"{version!r}."
        )


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
            print_progress("Waiting for another process that is building this environment.")
            fcntl.flock(file, fcntl.LOCK_EX)  # released by the system when its holder ends
        yield


def _completion_marker(home: Path) -> Path:
    """Return the marker file, which is written last and marks a folder as complete."""
    return home / "vantage6-localnet"


def _is_complete(home: Path, required_file: Path) -> bool:
    """Return whether a folder was built completely."""
    return _completion_marker(home).exists() and required_file.exists()


def _build(home: Path, version: str, python_version: str) -> None:
    """Build the environment, with progress messages on standard error."""
    started = time.monotonic()
    package = f"vantage6-{'hq' if is_version_5(version) else 'server'} {version}"
    print_progress(f"Building an environment for {package}, once. Location: {home}")
    uv = str(find_uv())
    base = str(find_python(Path(uv), home, run_step)) if is_version_5(version) else sys.executable
    create = [uv, "venv", "--no-project", "--python", base, str(home)]
    run_step(create, home, "create a virtual environment")
    packages, pinned = requirements(version), pinned_requirements(version, python_version)
    if pinned.exists() and (home / "lib" / f"python{python_version}").exists():
        packages = ["--no-deps", "--require-hashes", "-r", str(pinned)]
    install = [uv, "pip", "install", "--python", str(home / "bin" / "python")]
    run_step([*install, *packages], home, f"install {package}")
    print_progress(f"The environment is ready after {time.monotonic() - started:.0f} s.")


def requirements(version: str) -> list[str]:
    """Return the packages to install."""
    if is_version_5(version):
        # HQ imports the backend, and its client imports pandas; neither requires it.
        packages = ("hq", "backend-common", "algorithm-store", "algorithm-tools", "client", "node")
        pins = [f"vantage6-{package}=={version}" for package in packages]
        return [*pins, "pandas", "pyuwsgi", "websocket-client"]
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


def run_step(command: list[str], home: Path, purpose: str, **variables: str) -> None:
    """Run a build step, and report progress; raise an error with its last line if it fails."""
    # The folder of the cache has no settings of a project.
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**_installer_environment(), **variables},
            cwd=home.parent,
        )
        try:
            code = _wait(process, purpose)
        except BaseException:
            process.kill()
            process.wait()
            raise
        output.seek(0)
        printed = output.read()
    if code != 0:
        log = home.with_name(home.name + ".log")
        log.write_text(printed)
        message = f"could not {purpose}: {_failure_reason(printed)}. Full output: {log}."
        raise EnvironmentBuildError(message)


def _wait(process: "subprocess.Popen[bytes]", purpose: str) -> int:
    """Wait for a build step and report progress; return its exit code."""
    started = time.monotonic()
    terminal = sys.stderr.isatty()
    while (seconds := time.monotonic() - started) < _INSTALL_SECONDS:
        if terminal or seconds > 1:
            print_progress(f"{purpose}: {seconds:.0f} s", end="" if terminal else "\n")
        try:
            code = process.wait(_TERMINAL_SECONDS if terminal else _LINE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        if terminal:
            print_progress("", end="")
        return code
    raise EnvironmentBuildError(f"could not {purpose}: timed out after {_INSTALL_SECONDS} s.")


def _installer_environment() -> dict[str, str]:
    """Return the environment variables for an installer."""
    chosen = {
        name: value for name, value in os.environ.items() if _INSTALLER_VARIABLES.fullmatch(name)
    }
    return clean_environment(**chosen)


def _failure_reason(output: str) -> str:
    """Return the reason for a failed step, from the output of its program."""
    if "connection broken" in output or "error sending request" in output.lower():
        return "the download failed. Check your network connection"
    if "No space left on device" in output:
        return f"no space is left. Name another cache folder in {_CACHE_VARIABLE} or XDG_CACHE_HOME"
    if "ensurepip is not available" in output:
        return "this Python has no ensurepip. Install it ('apt install python3-venv')"
    # uv explains a conflict over several lines.
    conflict = r"Because (.+?)(?: and you\s+require|, we can conclude|\n\n|$)"
    if found := re.search(conflict, output, re.DOTALL):
        return " ".join(found[1].split()).rstrip(".")
    errors = [line for line in output.splitlines() if line.lower().startswith("error:")]
    lines = errors or output.strip().splitlines() or ["no output"]
    return re.sub("^error: ", "", lines[-1], flags=re.IGNORECASE).strip().rstrip(".")


def print_progress(line: str, end: str = "\n") -> None:
    """Print a progress message to standard error, in place of one without an end of line."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    text = f"vantage6.localnet: {line}" if line else ""
    print(start + text, file=sys.stderr, end=end, flush=True)  # noqa: T201
