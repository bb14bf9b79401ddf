"""The real vantage6 server, on SQLite, served by uWSGI on a loopback port."""

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
from vantage6.localnet._errors import PortInUseError, ServerStartError
from vantage6.localnet._login import LoginRules
from vantage6.localnet._processes import (
    PRIVATE,
    clean_environment,
    inside,
    open_private,
    write_private,
)

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
# Tokens outlive any session with a local network, so that no part of it has to renew them.
_TOKEN_HOURS = 24 * 30
_LOG_TAIL_LINES = 20
# Systems give connections, and programs that take any port, one above these.
_OWN_PORTS = range(20_000, 32_000)
_TRIES = 100


class Server:
    """A vantage6 server in a process of its own, which ends with this one.

    Parameters
    ----------
    python : Path
        Interpreter of the environment that has vantage6-server.
    folder : Path
        Private folder for database, configuration and log; removed when the server stops.
    port : int or None
        Port on the loopback interface; None takes a free one.
    rules : LoginRules, optional
        What it asks of those who log in; by default a password alone.
    large_results : dict, optional
        Its setting for a store of large inputs and results, if it has one.

    Raises
    ------
    PortInUseError
        Another program listens on the port.

    Examples
    --------
    >>> server = Server(environment_python("4.15.2"), folder, port=None)  # doctest: +SKIP
    >>> server.wait_until_ready()  # doctest: +SKIP
    """

    _service = "server"  # the name of its files
    _script = "wsgi.py"  # what uWSGI serves

    def __init__(
        self,
        python: Path,
        folder: Path,
        port: int | None,
        rules: LoginRules | None = None,
        large_results: Mapping[str, object] | None = None,
    ) -> None:
        self._rules = rules or LoginRules()
        self._large_results = large_results
        self.port = claim_port(port)
        self.url = f"http://{_api.HOST}:{self.port}"
        self._log = folder / f"{self._service}.log"
        configuration = folder / f"{self._service}.yaml"
        text = SecretBytes(json.dumps(self._configuration(folder)).encode())  # JSON is YAML
        write_private(configuration, text)
        self._folder = folder
        self._command = _uwsgi_command(python, self.port, self._script, configuration)
        self._process = self._launch()

    def _launch(self) -> "subprocess.Popen[bytes]":
        """Start the process."""
        supervisor = Path(__file__).with_name("_supervisor.py")
        folder = str(self._folder)
        with open_private(self._log, append=True) as log:
            return subprocess.Popen(
                [sys.executable, "-I", str(supervisor), folder, *self._command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=PRIVATE,
                # A service writes under its user's home, whatever its configuration says.
                env=clean_environment(HOME=folder, XDG_DATA_HOME=folder),
            )

    def restart(self) -> None:
        """Kill the service, and start it again on the same port with what it has stored."""
        self._process.terminate()  # its folder stays: that goes only when this program does
        self._process.wait(_STOP_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process = self._launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> str:
        """Wait until the service answers.

        Returns
        -------
        str
            The version it says it is.

        Raises
        ------
        ServerStartError
            It ended, or did not answer in time.
        """
        deadline = time.monotonic() + _START_SECONDS
        with _api.anonymous(self.url) as client:
            while time.monotonic() < deadline:
                if self._process.poll() is not None:
                    raise ServerStartError(
                        f"The {self._service} ended while starting.{self._log_tail()}"
                    )
                with contextlib.suppress(_api.TransportError):
                    return _api.answer(get_version.sync_detailed(client=client)).version
                time.sleep(0.05)
        message = f"The {self._service} did not answer within {_START_SECONDS:.0f} s."
        raise ServerStartError(message + self._log_tail())

    def stop(self) -> None:
        """End the service, and wait until its port is free."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(_STOP_SECONDS)
        deadline = time.monotonic() + _STOP_SECONDS
        while not _is_free(self.port) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _configuration(self, folder: Path) -> dict[str, object]:
        """Return the configuration."""
        configuration = _configuration(folder, self.port, self._rules)
        if self._large_results:
            configuration["large_result_store"] = self._large_results
        return configuration

    def _log_tail(self) -> str:
        """Return the end of the service's log, as an addition to an error's message."""
        lines = scrub(self._log.read_text(errors="replace")).splitlines()[-_LOG_TAIL_LINES:]
        return "\nThe end of its log:\n  " + "\n  ".join(lines or ["(empty)"])


def claim_port(port: int | None) -> int:
    """Return the port if it is free, a free one if it is None.

    Parameters
    ----------
    port : int or None
        The port.

    Returns
    -------
    int
        The port.

    Raises
    ------
    PortInUseError
        Another program listens on it.
    """
    if port is None:
        return _free_port()
    if not 0 < port < 1 << 16:
        raise PortInUseError(f"{port} is not a port; a port is a number from 1 to 65535.")
    if not _is_free(port):
        raise PortInUseError(
            f"Port {port} on {_api.HOST} is in use by another program. Stop that, choose another "
            "port, or none to take a free one."
        )
    return port


def _free_port() -> int:
    """Return a port that no program listens on, nor is given by chance until the server starts."""
    for _ in range(_TRIES):
        port = _OWN_PORTS.start + secrets.randbelow(len(_OWN_PORTS))
        if _is_free(port):
            return port
    raise PortInUseError(f"No port on {_api.HOST} is free, by {_TRIES} that were tried.")


def _is_free(port: int) -> bool:
    """Tell whether a server could listen on the port."""
    with socket.socket() as probe:
        # As uWSGI does it: connections of a former server that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_api.HOST, port))
        except OSError:
            return False
    return True


def _configuration(folder: Path, port: int, rules: LoginRules) -> dict[str, object]:
    """Return the server's configuration."""
    return {
        **common_configuration("server", folder, port),
        "server_url": f"http://{_api.HOST}:{port}",  # by which stores know it
        "jwt_secret_key": Secret(secrets.token_hex(32)),
        "token_expires_hours": _TOKEN_HOURS,
        "refresh_token_expires_hours": 2 * _TOKEN_HOURS,
        "two_factor_auth": rules.two_factor,
        **_mail(rules.smtp),
        # Not for the server, whose own tokens live for half an hour or longer, but for wsgi.py.
        "localnet": {"token_seconds": rules.token_seconds},
    }


def _mail(smtp: tuple[str, int] | None) -> dict[str, object]:
    """Return the setting for mail; to a server that sends none it must not be there at all."""
    if smtp is None:
        return {}
    server, port = smtp
    return {"smtp": {"server": server, "port": port, "username": "", "MAIL_USE_TLS": False}}


def common_configuration(service: str, folder: Path, port: int) -> dict[str, object]:
    """Return the settings that every service of the network has.

    Parameters
    ----------
    service : str
        What its files are named after.
    folder : Path
        Private folder for its database.
    port : int
        The port it listens on.

    Returns
    -------
    dict
        Part of a configuration, as in the platform's YAML files.
    """
    return {
        "description": "local network of vantage6-sdk",
        "ip": _api.HOST,
        "port": port,
        "api_path": _api.API_PATH,
        "uri": f"sqlite:///{folder / f'{service}.db'}",
        "allow_drop_all": False,
        # How services find one another: they take a loopback address for that of their container.
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


def _uwsgi_command(python: Path, port: int, script: str, configuration: Path) -> list[str]:
    """Return the command that serves, with the options of the platform's own image."""
    return [
        str(python.with_name("uwsgi")),
        *("--http", f"{_api.HOST}:{port}"),
        *("--gevent", "200"),
        "--http-websockets",
        "--http-chunked-input",
        "--http-keepalive",
        *("--post-buffering", "0"),
        "--master",
        "--die-on-term",
        "--need-app",
        "--disable-logging",
        *("--virtualenv", str(python.parent.parent)),
        *("--pythonpath", inside("")),
        *("--wsgi-file", inside(script)),
        *("--callable", "app"),
        *("--pyargv", str(configuration)),
    ]
