"""The vantage6 server, on SQLite, served by uWSGI on a loopback port."""

import contextlib
import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from vantage6.bindings.secret import Secret, SecretBytes, scrub
from vantage6.bindings.server.api.version import get_version
from vantage6.localnet import _api
from vantage6.localnet._authentication import LoginSettings, new_password
from vantage6.localnet._errors import LocalNetworkError, PortInUseError, ServerStartError
from vantage6.localnet._kept import find_kept, is_kept, keep, keep_secret
from vantage6.localnet._processes import (
    PRIVATE_UMASK,
    clean_environment,
    open_private,
    script_path,
    write_private,
)

_STOP_SECONDS = 10.0
# Tokens outlive any session with a local network, so that no component has to renew them.
_TOKEN_HOURS = 24 * 30
_LOG_TAIL_LINES = 20
# Below the ephemeral range, from which systems assign ports to connections and other programs.
_PORT_RANGE = range(20_000, 32_000)
_MAX_PORT_TRIES = 100


class Service:
    """A service on a loopback port, in a process that ends with this one."""

    _service: str  # prefix of its file names
    start_seconds = 60.0

    def __init__(self, folder: Path, port: int | None) -> None:
        self._folder = folder
        known = f"{self._service}_port"
        kept = find_kept(folder, known)
        if port and kept not in (None, port):
            raise LocalNetworkError(
                f"port: expected {kept}, that of the network in {folder}, got {port}. Leave it out."
            )
        self._port_holder = claim_port(port or kept)
        self.port: int = keep(folder, known, lambda: self._port_holder.getsockname()[1])
        self.url = f"http://{_api.HOST}:{self.port}"
        self._log = folder / f"{self._service}.log"
        self._configuration_file = folder / f"{self._service}.yaml"
        text = json.dumps(self._configuration(folder)).encode()  # JSON is YAML
        write_private(self._configuration_file, SecretBytes(text))

    def _configuration(self, folder: Path) -> dict[str, object]:
        """Return the configuration of the service."""
        raise NotImplementedError

    def _command(self) -> list[str]:
        """Return the command that runs the service."""
        raise NotImplementedError

    def _variables(self) -> dict[str, str]:
        """Return further environment variables of the service."""
        return {}

    def _probe(self) -> str:
        """Return the version of the service if it responds; raise `TransportError` otherwise."""
        with _api.anonymous_client(self.url) as client:
            return _api.unwrap(get_version.sync_detailed(client=client)).version

    def start(self) -> None:
        """Start the process."""
        supervisor = Path(__file__).with_name("_supervisor.py")
        folder = str(self._folder)
        deleted = "" if is_kept(self._folder) else folder
        # Services write to the user's home, regardless of their configuration.
        home = {"HOME": folder, "XDG_DATA_HOME": folder}
        with open_private(self._log, append=True) as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(supervisor), deleted, *self._command()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=PRIVATE_UMASK,
                cwd=folder,
                env=clean_environment(**home, **self._variables()),
            )

    def kill(self) -> None:
        """Kill the service, without an end of its own."""
        self._process.terminate()  # the supervisor keeps the folder on SIGTERM
        self._process.wait(_STOP_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def restart(self) -> None:
        """Kill the service, and start it again on the same port with its stored data."""
        self.kill()
        self.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> str:
        """Wait until the service responds, and return its version."""
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                message = f"{self._service}: exited during startup.{self._log_tail()}"
                raise ServerStartError(message)
            with contextlib.suppress(_api.TransportError):
                return self._probe()
            time.sleep(0.05)
        message = f"{self._service}: no response within {self.start_seconds:.0f} s."
        raise ServerStartError(message + self._log_tail())

    def stop(self) -> None:
        """Stop the service, and wait until its port is free."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(_STOP_SECONDS)
        self._port_holder.close()
        deadline = time.monotonic() + _STOP_SECONDS
        while not _is_free(self.port) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _log_tail(self) -> str:
        """Return the end of the service's log, for error messages."""
        lines = scrub(self._log.read_text(errors="replace")).splitlines()[-_LOG_TAIL_LINES:]
        return "\nEnd of its log:\n  " + "\n  ".join(lines or ["(empty)"])


class Server(Service):
    """A vantage6 server."""

    _service = "server"
    _script = "wsgi_server.py"  # WSGI application

    def __init__(
        self,
        python: Path,
        folder: Path,
        port: int | None,
        login_settings: LoginSettings | None = None,
        large_result_store: Mapping[str, object] | None = None,
    ) -> None:
        self._python = python
        self._login_settings = login_settings or LoginSettings()
        self._large_result_store = large_result_store
        self.root_password = keep_secret(folder, "root_password", new_password)
        super().__init__(folder, port)
        self.start()

    def _configuration(self, folder: Path) -> dict[str, object]:
        """Return the configuration of the server."""
        configuration = _configuration(folder, self.port, self._login_settings, self.root_password)
        if self._large_result_store:
            configuration["large_result_store"] = self._large_result_store
        return configuration

    def _command(self) -> list[str]:
        """Return the command of uWSGI."""
        return uwsgi_command(self._python, self.port, self._script, self._configuration_file.name)


def claim_port(port: int | None) -> socket.socket:
    """Return a socket that holds the requested port if it is free, or any free port for None."""
    if port is None:
        return _hold_any_port()
    check_port(port)
    holder = _hold(port)
    if holder is None:
        raise PortInUseError(
            f"port: {port} on {_api.HOST} is in use by another program. Stop it, choose another "
            "port, or leave out the port to use a free one."
        )
    return holder


def check_port(port: int) -> None:
    """Raise an error if the number of a port is invalid."""
    if type(port) is not int or not 0 < port < 1 << 16:
        raise PortInUseError(f"port: expected a number from 1 to 65535, got {port!r}.")


def _hold_any_port() -> socket.socket:
    """Hold a free port below the ephemeral range, which systems assign at random."""
    for _ in range(_MAX_PORT_TRIES):
        port = _PORT_RANGE.start + secrets.randbelow(len(_PORT_RANGE))
        if holder := _hold(port):
            return holder
    raise PortInUseError(f"port: no free port on {_api.HOST} after {_MAX_PORT_TRIES} tries.")


def _hold(port: int) -> socket.socket | None:
    """Bind a socket to the port without listening, unless the port is in use."""
    # While the server starts or restarts, no other account can listen in its place: a port bound
    # with SO_REUSEPORT admits only sockets of the same account. Another network of this account
    # may hold the port, so `_is_free` probes it first, without that option.
    if not _is_free(port):
        return None
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        holder.bind((_api.HOST, port))
    except OSError:
        holder.close()
        return None
    return holder


def _is_free(port: int) -> bool:
    """Return whether a server can listen on the port."""
    with socket.socket() as probe:
        # As in uWSGI: lingering connections of an earlier server do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_api.HOST, port))
        except OSError:
            return False
    return True


def _configuration(
    folder: Path, port: int, login_settings: LoginSettings, root_password: Secret
) -> dict[str, object]:
    """Return the configuration of the server."""
    return {
        **common_configuration("server", folder, port),
        "server_url": f"http://{_api.HOST}:{port}",  # stores identify the server by it
        "jwt_secret_key": keep_secret(folder, "server_jwt", lambda: secrets.token_hex(32)),
        "token_expires_hours": _TOKEN_HOURS,
        "refresh_token_expires_hours": 2 * _TOKEN_HOURS,
        "two_factor_auth": login_settings.two_factor,
        **_mail_configuration(login_settings.smtp),
        # Read by the WSGI script: the server's own setting for tokens has a minimum of 30 minutes.
        "localnet": {
            "token_seconds": login_settings.token_seconds,
            "root_password": root_password,
        },
    }


def _mail_configuration(smtp: tuple[str, int] | None) -> dict[str, object]:
    """Return the mail configuration; the key must be absent if no mail is sent."""
    if smtp is None:
        return {}
    server, port = smtp
    return {"smtp": {"server": server, "port": port, "username": "", "MAIL_USE_TLS": False}}


def common_configuration(
    service: str, folder: Path, port: int, api_path: str = _api.API_PATH
) -> dict[str, object]:
    """Return the settings shared by all services of vantage6."""
    return {
        "description": "local network of vantage6-sdk",
        "ip": _api.HOST,
        "port": port,
        "api_path": api_path,
        "uri": f"sqlite:///{folder / f'{service}.db'}",
        "allow_drop_all": False,
        # Services use this address for each other in place of loopback addresses.
        "dev": {"host_uri": _api.HOST},
        "logging": {
            "level": "INFO",
            "file": f"{service}.log",
            "use_console": True,
            "backup_count": 1,
            "max_size": 10_000,
            "format": "%(asctime)s %(levelname)-8s %(name)s: %(message)s",
            "datefmt": "%H:%M:%S",
            "loggers": [
                {"name": name, "level": "WARNING"}
                for name in ("urllib3", "socketIO-client", "socketio.server", "engineio.server")
            ],
        },
    }


def uwsgi_command(python: Path, port: int, script: str, *arguments: str) -> list[str]:
    """Return the uWSGI command."""
    return [
        str(python.with_name("uwsgi")),
        # The workers serve the port themselves. Behind uWSGI's router, they would accept the uWSGI
        # protocol on a second port, from anyone, and responses that precede the end of a request
        # would be lost.
        *("--http-socket", f"{_api.HOST}:{port}"),
        "--reuse-port",  # the port is held by this process
        *("--add-header", "Connection: close"),
        *("--post-buffering", "8192"),  # read the body of every request, larger ones from a file
        *("--gevent", "200"),
        "--master",
        "--die-on-term",
        "--need-app",
        "--disable-logging",
        *("--virtualenv", str(python.parent.parent)),
        *("--pythonpath", script_path("")),
        *("--wsgi-file", script_path(script)),
        *("--callable", "app"),
        *("--pyargv", " ".join(arguments)),  # uWSGI splits it at spaces
    ]
