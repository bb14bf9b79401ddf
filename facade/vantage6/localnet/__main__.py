"""Command line of the local network: `up`, `status`, `down`, `run SCRIPT` or `demo`."""

# ruff: noqa: T201  (a command line prints)

import argparse
import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from vantage6.bindings.secret import hide_keys
from vantage6.client._storage.files import check_replaceable
from vantage6.localnet import LocalNetwork, LocalNetworkError
from vantage6.localnet._background import (
    list_networks,
    listed,
    start_in_background,
    stop_network,
)
from vantage6.localnet._demo import show_averages
from vantage6.localnet._network import DEFAULT_VERSION, LOGIN_VARIABLES, check_platform
from vantage6.localnet._organizations import DEFAULT_LABEL, Database, Databases
from vantage6.localnet._v5.realm import LOCAL_CLIENT

_DESCRIPTION_VARIABLE = "VANTAGE6_LOCALNET"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command-line arguments; those of this process if None.

    Returns
    -------
    int
        Exit code: 0, also after Ctrl-C for ``up``, or that of the script for ``run``; 1 after an
        error, 130 after Ctrl-C for ``run`` and ``demo``.

    Examples
    --------
    >>> main(["run", "script.py"])  # doctest: +SKIP
    0
    """
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(given)
    try:
        check_platform()
        if options.command == "status":
            networks = list_networks()
            print("\n".join(map(str, networks)) or "No network is running.")
            return 0
        if options.command == "down":
            print(f"Stopped: {stop_network(options.port)}")
            return 0
        network = LocalNetwork(
            version=options.version,
            organizations=options.organizations,
            databases=_databases(options.database or ()),
            algorithms=dict(options.algorithm or ()),
            encrypted=options.encrypted,
            port=options.port,
            allowed_algorithms=_policies(options.allow),
            store=options.store,
            review=options.review,
            two_factor=options.two_factor,
            smtp=options.smtp,
            token_seconds=options.token_seconds,
            blob_store=options.blob_store,
            keycloak=options.keycloak,
            folder=options.folder,
        )
        if options.command == "up" and options.detach:
            _check_replaceable(options.json)
            return start_in_background([each for each in given if each != "--detach"])
        if options.command == "up":
            return _up(network, options.json, options.folder)
        if options.command == "run":
            return _run(network, options.json, [options.script, *options.arguments])
        with network:
            return show_averages(network)
    except LocalNetworkError as error:
        print(f"vantage6.localnet: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _up(network: LocalNetwork, json: Path | None, folder: Path | None) -> int:
    """Run the network until Ctrl-C."""
    _check_replaceable(json)
    try:
        with network:
            try:
                _write_description(network, json)
                print(_summary(network), flush=True)
                with listed(network, folder and folder.resolve()):
                    threading.Event().wait()
            finally:
                _remove_description(json)
    except KeyboardInterrupt:  # at any time: while the network starts, or just before the wait
        print()
    return 0


def _run(network: LocalNetwork, json: Path | None, command: list[str]) -> int:
    """Run a script with the network, and return its exit code."""
    if not Path(command[0]).is_file():
        raise LocalNetworkError(f"script: expected a file, got {command[0]!r}.")
    _check_replaceable(json)
    with network, tempfile.TemporaryDirectory(prefix="vantage6-localnet-") as folder:
        file = json or Path(folder, "network.json")
        _write_description(network, file)
        environment = {
            **{name: os.environ[name] for name in os.environ.keys() - LOGIN_VARIABLES},
            **network.client_variables(),
            _DESCRIPTION_VARIABLE: str(file.resolve()),
        }
        try:
            code = subprocess.run([sys.executable, *command], env=environment).returncode
        finally:
            _remove_description(json)
    return code if code >= 0 else 128 - code


def _check_replaceable(json: Path | None) -> None:
    """Raise an error if the description cannot be written, before the network starts."""
    try:
        if json is not None:
            check_replaceable(json)
    except OSError as error:
        raise LocalNetworkError(f"cannot write {json}: {error.strerror}.") from None


def _write_description(network: LocalNetwork, json: Path | None) -> None:
    """Write the network's description if a path was given."""
    if json is not None:
        network.write(json)


def _remove_description(json: Path | None) -> None:
    """Delete the network's description."""
    if json is not None:
        json.unlink(missing_ok=True)


def _summary(network: LocalNetwork) -> str:
    """Return the addresses, passwords and ids of the network as text."""
    encryption = "encrypted" if network.encrypted else "not encrypted"
    has_more = len(network.organizations) > 1
    members = "all organizations but the last" if has_more else "the organization"
    lines = [
        f"vantage6 {network.version} is ready at {network.url}{network.api_path}",
        *([f"log in at {network.auth_url}, realm {network.realm!r}"] if network.auth_url else []),
        "",
        f"{'user':<12}{'password':<28}role",
        *(f"{user.username:<12}{user.password:<28}{user.role}" for user in network.users.values()),
        *(
            f"second factor of {user.username}: {user.otp_secret}"
            for user in network.users.values()
            if user.otp_secret
        ),
        *(
            [
                f"service account {account.username!r} (client {account.client_id!r}): secret "
                f"{account.client_secret}"
            ]
            if (account := network.service_account)
            else []
        ),
        "",
        f"collaboration {network.collaboration.id}, {network.collaboration.name!r}: {encryption}",
        f"study {network.study.id}, {network.study.name!r}: {members}",
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
        _connection(network) + " Stop: Ctrl-C.",
    ]
    return "\n".join(lines)


def _connection(network: LocalNetwork) -> str:
    """Return how to connect."""
    if network.auth_url:
        login = f'auth_url="{network.auth_url}", auth_client="{LOCAL_CLIENT}"'
        return f'Connect: Client("{network.url}{network.api_path}", {login}).'
    return f'Connect: Client("http://127.0.0.1", {network.port}, "{network.api_path}").'


def _parse_host_and_port(text: str) -> tuple[str, int]:
    """Parse HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal()):
        message = f"expected HOST:PORT, such as localhost:1025, got {text!r}"
        raise argparse.ArgumentTypeError(message)
    return host, int(port)


def _parse_pair(text: str) -> tuple[str, str]:
    """Parse NAME=PATH."""
    name, _, path = (part.strip() for part in text.partition("="))
    if not (name and path):
        raise argparse.ArgumentTypeError(f"expected NAME=PATH, got {text!r}")
    return name, path


def _policies(given: Sequence[str] | None) -> list[str] | dict[str, list[str]] | None:
    """Return the allowed images, by organization if any is named."""
    pairs = [re.fullmatch(r"(?:([^=(]+)=)?(.*)", text, re.DOTALL) for text in given or ()]
    found: dict[str | None, list[str]] = {}
    for pair in pairs:
        if pair:
            found.setdefault(pair[1], []).append(pair[2])
    everywhere = found.pop(None, None)
    if everywhere and found:
        raise LocalNetworkError("--allow: expected an organization for each image, or for none.")
    return everywhere or {name: images for name, images in found.items() if name} or None


def _databases(pairs: Sequence[tuple[str, str]]) -> dict[str, Databases]:
    """Return the databases by organization and label."""
    found: dict[str, dict[str, Database]] = {}
    for name, path in pairs:
        organization, _, label = name.partition("/")
        found.setdefault(organization.strip(), {})[label.strip() or DEFAULT_LABEL] = path
    return {**found}


def _exit_on_signal(number: int, _frame: FrameType | None) -> None:
    """Exit with cleanup on a signal."""
    raise SystemExit(128 + number)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print a message about the arguments, without the text of keys, and exit."""
        super().error(hide_keys(message))


def _network_options() -> _Parser:
    """Create a parser with the options of the network."""
    shared = _Parser(add_help=False)
    shared.add_argument(
        "--version",
        default=DEFAULT_VERSION,
        metavar="V",
        help="server version (default: %(default)s)",
    )
    shared.add_argument(
        "--organizations",
        type=int,
        metavar="N",
        help="number of organizations (default: those with a --database, or 3)",
    )
    shared.add_argument(
        "--database",
        type=_parse_pair,
        action="append",
        metavar="ORGANIZATION=FILE",
        help="your own data, or ORGANIZATION/LABEL=FILE; repeatable (default: generated patients)",
    )
    shared.add_argument(
        "--algorithm",
        type=_parse_pair,
        action="append",
        metavar="IMAGE=PATH",
        help="your own algorithm, a Python file or package folder; repeatable",
    )
    shared.add_argument(
        "--encrypted", action="store_true", help="encrypt the collaboration end to end"
    )
    shared.add_argument(
        "--allow",
        action="append",
        metavar="[ORGANIZATION=]IMAGE",
        help="allow only this image, or those that match a regular expression, on all nodes or "
        "that of an organization; repeatable (default: all)",
    )
    shared.add_argument("--store", action="store_true", help="also start an algorithm store")
    shared.add_argument(
        "--review",
        action="store_true",
        help="require a review before the store publishes an algorithm",
    )
    shared.add_argument(
        "--two-factor", action="store_true", help="require two-factor login and set it up"
    )
    shared.add_argument(
        "--smtp",
        type=_parse_host_and_port,
        metavar="HOST:PORT",
        help="mail server for the server's mail",
    )
    shared.add_argument(
        "--token-seconds",
        type=int,
        metavar="N",
        help="lifetime of access tokens in seconds (default: a month)",
    )
    shared.add_argument(
        "--blob-store", action="store_true", help="store inputs and results in a blob store"
    )
    shared.add_argument(
        "--keycloak",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="version 5: run this Keycloak, or one that Maven downloads, not the stand-in for it",
    )
    shared.add_argument(
        "--port", type=int, metavar="P", help="server port (default: any free port)"
    )
    shared.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="keep users, keys and results in DIR, and continue from there the next time",
    )
    return shared


def _parser() -> _Parser:
    """Create the parser of the command line."""
    shared = _network_options()
    description = _Parser(add_help=False)
    description.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write addresses, passwords and ids to FILE as JSON",
    )
    parser = _Parser(
        prog="python -m vantage6.localnet",
        description="Run a real vantage6 server with working nodes on this machine.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    # Abbreviations would also be looked for among the arguments of the script.
    add_command = functools.partial(commands.add_parser, allow_abbrev=False)
    up = add_command("up", parents=[shared, description], help="run a network until Ctrl-C")
    up.add_argument(
        "--detach", action="store_true", help="return when the network is ready; down stops it"
    )
    add_command("status", help="list the networks that up has started")
    down = add_command("down", help="stop a network that up has started")
    down.add_argument(
        "port", nargs="?", type=int, metavar="PORT", help="its port, if several are running"
    )
    run = add_command(
        "run",
        parents=[shared, description],
        help="run a Python script with a network, to which Client.from_env() connects; "
        f"{_DESCRIPTION_VARIABLE} names its description",
    )
    run.add_argument("script", metavar="SCRIPT.py", help="Python script to run")
    run.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="arguments of the script"
    )
    add_command("demo", parents=[shared], help="compute averages and compare them to the data")
    return parser


if __name__ == "__main__":
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _exit_on_signal)
    # Shells let programs that they start in the background ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
