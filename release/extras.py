"""Check the extras of an installed wheel: `python release/extras.py [EXTRA]`."""

# An installed extra must work; a missing one must raise an error that names the extra. Only the
# standard library may be imported here.

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import metadata
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("client", "bindings.server", "bindings.store", "bindings.hq", "localnet", "v6c")
LINKS = {"first": "", "self": ""}


@dataclass
class Extra:
    """Modules of an extra, and a function that uses them; None if the client works without it."""

    modules: tuple[str, ...]
    use: Callable[[], object] | None = None


def _use_pandas() -> None:
    from vantage6.client import Rows

    Rows([{"id": 1}], LINKS).to_pandas()


def _use_qr() -> None:
    from vantage6.client import show_qr

    show_qr("otpauth://totp/server:user?secret=ABCDEFGH&issuer=server")


def _client(**options: object) -> object:
    from vantage6.client import Client

    return Client("http://127.0.0.1", 1, log_level=None, **options)


def _use_events() -> None:
    from vantage6.client import NotAuthenticatedError

    with suppress(NotAuthenticatedError):  # the library was found
        next(iter(_client().events()))


def _use_socks() -> None:
    from vantage6.client import ConnectionFailedError

    with suppress(ConnectionFailedError):  # no such proxy, but the library was found
        _client(proxy="socks5://127.0.0.1:1", max_retries=0).util.get_server_version()


def _use_keyring() -> None:
    from vantage6.client import ConfigurationError
    from vantage6.client._auth.keyring import delete_password

    with suppress(ConfigurationError):  # this machine may have no keyring
        delete_password("http://127.0.0.1/api", "nobody")


def _use_cli() -> None:
    from vantage6.client import MissingDependencyError

    command = (Path(sys.executable).with_name("v6c"), "--help")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingDependencyError(done.stderr)


def _use_testing() -> None:
    command = (sys.executable, "-m", "pytest", "--fixtures", "-p", "no:cacheprovider")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if "v6_client" not in done.stdout:
        sys.exit("testing: expected pytest to load the fixtures")


EXTRAS = {
    "cli": Extra(("click", "rich"), _use_cli),
    "events": Extra(("websocket",), _use_events),
    "rich": Extra(("rich",)),
    "pandas": Extra(("pandas",), _use_pandas),
    "fast": Extra(("pybase64",)),
    "qr": Extra(("segno",), _use_qr),
    "socks": Extra(("socksio", "python_socks"), _use_socks),
    "keyring": Extra(("keyring",), _use_keyring),
    "testing": Extra(("pytest",), _use_testing if find_spec("pytest") else None),
}


def check(name: str, extra: Extra) -> None:
    """Check one extra, installed or not."""
    is_installed = all(find_spec(module) for module in extra.modules)
    if is_installed:
        for module in extra.modules:
            import_module(module)
    message = ""
    try:
        if extra.use:
            extra.use()
    except Exception as error:
        message = str(error)
        is_expected = (
            type(error).__name__ == "MissingDependencyError" and f"vantage6-sdk[{name}]" in message
        )
        if is_installed or not is_expected:
            raise
    if extra.use and not is_installed and not message:
        sys.exit(f"{name}: expected an error, because the extra is not installed")
    print(f"{name}: {'works' if is_installed else message or 'not needed'}")


def main(chosen: str | None) -> None:
    """Check all extras of the wheel."""
    for package in PACKAGES:
        import_module(f"vantage6.{package}")
    known = set(metadata("vantage6-sdk").get_all("Provides-Extra") or ())
    if known != EXTRAS.keys():
        sys.exit(f"extras differ from pyproject.toml: {sorted(known ^ EXTRAS.keys())}")
    for name, extra in EXTRAS.items():
        if name == chosen and not all(find_spec(module) for module in extra.modules):
            sys.exit(f"{name}: expected {extra.modules} to be installed")
        check(name, extra)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
