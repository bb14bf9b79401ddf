"""Shows where the wheel is installed what an extra gives: `python release/extras.py [EXTRA]`.

What is there has to work; what is not there has to say how to install it. Nothing else but the
standard library may be used here.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import metadata
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("client", "bindings.server", "bindings.store", "localnet", "v6c")
LINKS = {"first": "", "self": ""}


@dataclass
class Extra:
    """What an extra brings, and what takes it; None where the client does without in silence."""

    modules: tuple[str, ...]
    use: Callable[[], object] | None = None


def _frame() -> None:
    from vantage6.client import Rows

    Rows([{"id": 1}], LINKS).to_pandas()


def _picture() -> None:
    from vantage6.client import show_qr

    show_qr("otpauth://totp/server:user?secret=ABCDEFGH&issuer=server")


def _client(**options: object) -> object:
    from vantage6.client import Client

    return Client("http://127.0.0.1", 1, log_level=None, **options)


def _hear() -> None:
    from vantage6.client import NotAuthenticatedError

    with suppress(NotAuthenticatedError):  # the library is there
        next(iter(_client().events()))


def _pass_through() -> None:
    from vantage6.client import ConnectionFailedError

    with suppress(ConnectionFailedError):  # there is no such proxy, but it was tried
        _client(proxy="socks5://127.0.0.1:1", max_retries=0).util.get_server_version()


def _remember() -> None:
    from vantage6.client import ConfigurationError
    from vantage6.client._auth.keyring import delete_password

    with suppress(ConfigurationError):  # there may be no keyring on this machine
        delete_password("http://127.0.0.1/api", "nobody")


def _command() -> None:
    from vantage6.client import MissingDependencyError

    command = (Path(sys.executable).with_name("v6c"), "--help")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingDependencyError(done.stderr)


def _find_fixtures() -> None:
    command = (sys.executable, "-m", "pytest", "--fixtures", "-p", "no:cacheprovider")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if "v6_client" not in done.stdout:
        sys.exit("pytest does not find the fixtures by itself")


EXTRAS = {
    "cli": Extra(("click", "rich"), _command),
    "events": Extra(("socketio", "websocket"), _hear),
    "rich": Extra(("rich",)),
    "pandas": Extra(("pandas",), _frame),
    "fast": Extra(("pybase64",)),
    "qr": Extra(("segno",), _picture),
    "socks": Extra(("socksio", "python_socks"), _pass_through),
    "keyring": Extra(("keyring",), _remember),
    "testing": Extra(("pytest",), _find_fixtures if find_spec("pytest") else None),
}


def check(name: str, extra: Extra) -> None:
    """Check one extra, be it there or not."""
    is_there = all(find_spec(module) for module in extra.modules)
    if is_there:
        for module in extra.modules:
            import_module(module)
    said = ""
    try:
        if extra.use:
            extra.use()
    except Exception as error:
        said = str(error)
        is_right = (
            type(error).__name__ == "MissingDependencyError" and f"vantage6-sdk[{name}]" in said
        )
        if is_there or not is_right:
            raise
    if extra.use and not is_there and not said:
        sys.exit(f"{name} is not installed, and nothing says so")
    print(f"{name}: {'works' if is_there else said or 'not needed'}")


def main(chosen: str | None) -> None:
    """Check all that the wheel knows of."""
    for package in PACKAGES:
        import_module(f"vantage6.{package}")
    known = set(metadata("vantage6-sdk").get_all("Provides-Extra") or ())
    if known != EXTRAS.keys():
        sys.exit(f"pyproject.toml and release/extras.py differ in {sorted(known ^ EXTRAS.keys())}")
    for name, extra in EXTRAS.items():
        if name == chosen and not all(find_spec(module) for module in extra.modules):
            sys.exit(f"{name} does not bring {extra.modules}")
        check(name, extra)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
