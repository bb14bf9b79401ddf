"""What a client is configured with: the server's address, timeouts and the log level (pure)."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from vantage6.bindings.secret import HIDDEN, scrub

from .errors import InvalidSettings

LOGGER = logging.getLogger("vantage6.client")
LOG_LEVELS = ("debug", "info", "warning", "warn", "error", "critical")


@dataclass(frozen=True)
class Address:
    """Where the API of a server is.

    Attributes
    ----------
    host : str
        Scheme and host, such as ``"https://server.example"``.
    port : int or None
        The port; None for the scheme's own.
    path : str
        The API's path, such as ``"/api"``, or an empty string.
    """

    host: str
    port: int | None
    path: str

    @classmethod
    def parse(cls, host: str, port: int | str | None, path: str) -> Address:
        """Check the parts of an address as people write them.

        Parameters
        ----------
        host : str
            Scheme and host, perhaps with a slash at the end.
        port : int, str or None
            The port.
        path : str
            The API's path, with or without slashes around it.

        Returns
        -------
        Address
            The parts, in their plain form.

        Raises
        ------
        InvalidSettings
            When a part is missing, contradicts another, or is in the wrong place.
        """
        try:
            url = urlsplit(host.strip())
            own_port = url.port
        except ValueError as error:
            reason = f"host {_without_login(host)!r} is not an address: {scrub(str(error))}"
            raise InvalidSettings(reason) from None
        if url.scheme not in ("http", "https") or not url.hostname:
            raise InvalidSettings(
                f"host must start with https:// (or http://) and name the server, "
                f"as in 'https://server.example': it is {_without_login(host)!r}"
            )
        if url.username is not None or url.password is not None:
            raise InvalidSettings("host must not contain credentials: give them to authenticate()")
        if url.path.strip("/") or url.query or url.fragment:
            raise InvalidSettings(
                f"host must name the server alone: give what follows {url.netloc!r} as path="
            )
        number = _port(port)
        if own_port and number and own_port != number:
            raise InvalidSettings(f"host {host!r} and port {port!r} name different ports")
        name = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        path = "/" + path.strip("/") if path.strip("/") else ""
        return cls(f"{url.scheme}://{name}", number or own_port, path)

    @classmethod
    def of_store(cls, url: str | None) -> Address:
        """Check the address of an algorithm store, which the server supplies.

        Parameters
        ----------
        url : str or None
            The whole address of the store's API.

        Returns
        -------
        Address
            Its parts.

        Raises
        ------
        InvalidSettings
            When it is no address, or when a token that is sent there could be read on the way.
        """
        parts = urlsplit(url or "")
        address = cls.parse(f"{parts.scheme}://{parts.netloc}", None, parts.path)
        if address.is_readable:
            raise InvalidSettings(
                f"the algorithm store at {url} speaks plain http: whoever is on the way could take "
                "your login, so nothing is sent there; link the store by its https address"
            )
        return address

    @property
    def is_readable(self) -> bool:
        """Whether others on the way could read along: plain http, and not to this machine."""
        parts = urlsplit(self.host)
        return parts.scheme == "http" and not _is_loopback(parts.hostname or "")

    @property
    def url(self) -> str:
        """The whole address of the API, without a slash at the end."""
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}{self.path}"


def _without_login(host: str) -> str:
    """Leave out of an address what somebody may log in with."""
    start, at, rest = host.rpartition("@")
    scheme, slashes, _ = start.rpartition("//")
    return f"{scheme}{slashes}{HIDDEN}@{rest}" if at else host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _port(port: int | str | None) -> int | None:
    if port is None or port == "":
        return None
    try:
        number = int(port)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise InvalidSettings(f"port must be a number from 1 to 65535, or None, not {port!r}")
    return number


@dataclass(frozen=True)
class Timeouts:
    """How long each part of a request may take, in seconds.

    Attributes
    ----------
    connect : float
        To open a connection.
    read : float
        Without a byte from the server.
    write : float
        Without the server taking a byte.
    pool : float
        To get hold of a connection, when many requests share the client.
    """

    connect: float = 10.0
    read: float = 60.0
    write: float = 60.0
    pool: float = 60.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (isinstance(value, int | float) and value > 0):
                raise InvalidSettings(f"the {name} timeout must be above 0 seconds, not {value!r}")

    @classmethod
    def of(cls, timeout: float | Timeouts | None) -> Timeouts:
        """Read what the client's ``timeout`` argument takes.

        Parameters
        ----------
        timeout : float, Timeouts or None
            One number for each part, the parts themselves, or None for the defaults.

        Returns
        -------
        Timeouts
            The parts.
        """
        if timeout is None:
            return cls()
        if isinstance(timeout, Timeouts):
            return timeout
        return cls(connect=timeout, read=timeout, write=timeout, pool=timeout)


class _Console(logging.Handler):
    """Shows the client's messages, unless the application has set up logging by itself."""

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger().handlers:
            return  # the message has reached them already, by propagation
        # Looked up at each message, since notebooks and tests replace it.
        sys.stderr.write(self.format(record) + "\n")


def show_log(level: str | None) -> None:
    """Show the messages of this package, and of nothing else, from a level on.

    Parameters
    ----------
    level : str or None
        Name of the level, in any case; None leaves logging as it is.

    Raises
    ------
    InvalidSettings
        When there is no such level.
    """
    if level is None:
        return
    if level.lower() not in LOG_LEVELS:
        raise InvalidSettings(f"log_level must be one of {', '.join(LOG_LEVELS)}, not {level!r}")
    LOGGER.setLevel(level.upper())
    if not any(isinstance(handler, _Console) for handler in LOGGER.handlers):
        console = _Console()
        console.setFormatter(logging.Formatter("%(message)s"))
        LOGGER.addHandler(console)
