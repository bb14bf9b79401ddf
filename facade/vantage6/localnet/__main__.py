"""The command line: ``python -m vantage6.localnet up``, ``run SCRIPT`` or ``demo``."""

# ruff: noqa: T201  (a command line prints)

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from vantage6.client._storage.files import check_replaceable
from vantage6.localnet import LocalNetwork, LocalNetworkError
from vantage6.localnet._demo import show_averages
from vantage6.localnet._network import DEFAULT_VERSION

_KNOWN_VARIABLE = "VANTAGE6_KNOWN_ORGANIZATIONS"
_VARIABLE = "VANTAGE6_LOCALNET"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; that of this process if None.

    Returns
    -------
    int
        Exit code: 0, or that of the script under ``run``; 1 after an error, 130 after a Ctrl-C.

    Examples
    --------
    >>> main(["run", "script.py"])  # doctest: +SKIP
    0
    """
    options = _parser().parse_args(arguments)
    try:
        network = LocalNetwork(
            version=options.version,
            organizations=options.organizations,
            encrypted=options.encrypted,
            port=options.port,
            allowed_algorithms=options.allow,
            store=options.store,
            review=options.review,
            two_factor=options.two_factor,
            smtp=options.smtp,
            token_seconds=options.token_seconds,
            blob_store=options.blob_store,
        )
        if options.command == "up":
            return _up(network, options.json)
        if options.command == "run":
            return _run(network, options.json, [options.script, *options.arguments])
        with network:
            return show_averages(network)
    except LocalNetworkError as error:
        print(f"vantage6.localnet: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _up(network: LocalNetwork, json: Path | None) -> int:
    """Keep a network up until Ctrl-C."""
    _check(json)
    with network:
        _write(network, json)
        print(_summary(network), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()
        finally:
            _remove(json)
    return 0


def _run(network: LocalNetwork, json: Path | None, command: list[str]) -> int:
    """Run a script beside a network."""
    if not Path(command[0]).is_file():
        raise LocalNetworkError(f"There is no script {command[0]!r} to run.")
    _check(json)
    with network, tempfile.TemporaryDirectory(prefix="vantage6-localnet-") as folder:
        file = json or Path(folder, "network.json")
        _write(network, file)
        # The network's keys are new; what is known of others that had its port is not about it.
        known = str(Path(folder, "known_organizations"))
        environment = {**os.environ, _VARIABLE: str(file.resolve()), _KNOWN_VARIABLE: known}
        try:
            code = subprocess.run([sys.executable, *command], env=environment).returncode
        finally:
            _remove(json)
    return code if code >= 0 else 128 - code


def _check(json: Path | None) -> None:
    """Refuse what is no file before a network is started, whose end would remove it."""
    try:
        if json is not None:
            check_replaceable(json)
    except OSError as error:
        raise LocalNetworkError(f"{json} cannot be written: {error.strerror}.") from None


def _write(network: LocalNetwork, json: Path | None) -> None:
    """Write the network's description, if it is wanted."""
    if json is not None:
        network.write(json)


def _remove(json: Path | None) -> None:
    """Remove the description of a network that is going down."""
    if json is not None:
        json.unlink(missing_ok=True)


def _summary(network: LocalNetwork) -> str:
    """Return what a person needs to use the network."""
    secrecy = "encrypted" if network.encrypted else "not encrypted"
    lines = [
        f"vantage6-server {network.version} is ready at {network.url}{network.api_path}",
        "",
        f"{'user':<12}{'password':<28}role",
        *(f"{user.username:<12}{user.password:<28}{user.role}" for user in network.users.values()),
        *(
            f"second factor of {user.username}: {user.otp_secret}"
            for user in network.users.values()
            if user.otp_secret
        ),
        "",
        f"collaboration {network.collaboration.id}, {network.collaboration.name!r}: {secrecy}",
        f"study {network.study.id}, {network.study.name!r}: all organizations but the last",
        *(
            f"organization {organization.id}, {organization.name!r}: {organization.data}"
            + (f", {organization.private_key}" if organization.private_key else "")
            for organization in network.organizations
        ),
        *(
            [f"algorithm store {network.store.id}, {network.store.name!r}: {network.store.url}"]
            if network.store
            else []
        ),
        "",
        f'Connect: Client("http://127.0.0.1", {network.port}, "{network.api_path}"). End: Ctrl-C.',
    ]
    return "\n".join(lines)


def _host_and_port(text: str) -> tuple[str, int]:
    """Read where to send mail."""
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a host and a port, as localhost:1025 is")
    return host, int(port)


def _leave(number: int, _frame: FrameType | None) -> None:
    """Leave in good order, by way of every ``with`` and ``finally``, when asked to end."""
    raise SystemExit(128 + number)


def _network_options() -> argparse.ArgumentParser:
    """Return the options that shape a network."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--version", default=DEFAULT_VERSION, metavar="V", help="of the server (%(default)s)"
    )
    shared.add_argument(
        "--organizations", type=int, default=3, metavar="N", help="how many (%(default)s)"
    )
    shared.add_argument(
        "--encrypted", action="store_true", help="encrypt the collaboration end to end"
    )
    shared.add_argument(
        "--allow",
        action="append",
        metavar="REGEX",
        help="let the nodes run only images that match; may be given several times (all)",
    )
    shared.add_argument("--store", action="store_true", help="start an algorithm store, too")
    shared.add_argument(
        "--review", action="store_true", help="let the store publish only what a reviewer approved"
    )
    shared.add_argument(
        "--two-factor", action="store_true", help="demand two-factor login, and set it up"
    )
    shared.add_argument(
        "--smtp", type=_host_and_port, metavar="HOST:PORT", help="where the server sends mail"
    )
    shared.add_argument(
        "--token-seconds", type=int, metavar="N", help="how long access tokens live (a month)"
    )
    shared.add_argument(
        "--blob-store", action="store_true", help="keep inputs and results in a blob store"
    )
    shared.add_argument("--port", type=int, metavar="P", help="of the server (a free one)")
    return shared


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    shared = _network_options()
    description = argparse.ArgumentParser(add_help=False)
    description.add_argument(
        "--json", type=Path, metavar="FILE", help="write addresses, passwords and ids to FILE"
    )
    parser = argparse.ArgumentParser(
        prog="python -m vantage6.localnet",
        description="A real vantage6 server with working nodes on this machine.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", parents=[shared, description], help="keep a network up until Ctrl-C")
    run = commands.add_parser(
        "run",
        parents=[shared, description],
        help=f"run a Python script beside a network that {_VARIABLE} describes to it",
    )
    run.add_argument("script", metavar="SCRIPT.py", help="the script")
    run.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="its arguments")
    commands.add_parser("demo", parents=[shared], help="compute averages, and check them")
    return parser


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    sys.exit(main())
