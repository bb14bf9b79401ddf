"""What a client is configured with: address, limits, the way there, the log level (pure)."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, field
from ipaddress import ip_address
from os import PathLike
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict
from urllib.parse import urlsplit

from vantage6.bindings.secret import HIDDEN, scrub

from ._inert import inert
from .errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    from ._pins import TrustMode

FilePath: TypeAlias = "str | PathLike[str]"
Verify: TypeAlias = "bool | FilePath | ssl.SSLContext"
Cert: TypeAlias = "FilePath | tuple[FilePath, FilePath] | tuple[FilePath, FilePath, str]"

LOGGER = logging.getLogger("vantage6.client")


def _harmless(record: logging.LogRecord) -> bool:
    """Let no message steer the terminal that shows it, or look like several."""
    message = record.getMessage()
    if (harmless := inert(message)) != message:
        record.msg, record.args = harmless, ()
    return True


LOGGER.addFilter(_harmless)
LOG_LEVELS = ("debug", "info", "warning", "warn", "error", "critical")
API_PATH = "/api"


class ClientOptions(TypedDict, total=False):
    """What a client takes beside its address; see there."""

    log_level: str | None
    timeout: float | Timeouts | None
    max_retries: int
    max_response_bytes: int
    verify: Verify
    cert: Cert | None
    proxy: str | Literal[False] | None
    trust: TrustMode
    known_organizations: str | PathLike[str] | None


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
    def parse(cls, host: str, port: int | str | None = None, path: str | None = None) -> Address:
        """Check the parts of an address as people write them.

        Parameters
        ----------
        host : str
            Scheme and host, perhaps with a port and a path: the whole address, then.
        port : int, str or None
            The port; None for that of `host`.
        path : str or None
            The API's path, with or without slashes around it; None for that of `host`, or else
            ``/api``.

        Returns
        -------
        Address
            The parts, in their plain form.

        Raises
        ------
        ConfigurationError
            When a part is missing, contradicts another, or is in the wrong place.
        """
        try:
            url = urlsplit(host.strip())
            own_port = url.port
        except ValueError as error:
            reason = f"host {_without_login(host)!r} is not an address: {scrub(str(error))}"
            raise ConfigurationError(reason) from None
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ConfigurationError(
                f"host must start with https:// (or http://) and name the server, "
                f"as in 'https://server.example': it is {_without_login(host)!r}"
            )
        if url.username is not None or url.password is not None:
            raise ConfigurationError(
                "host must not contain credentials: give them to authenticate()"
            )
        if url.query or url.fragment:
            raise ConfigurationError(f"host {host!r} must end with the path of the API")
        number = _port(port)
        if own_port and number and own_port != number:
            raise ConfigurationError(f"host {host!r} and port {port!r} name different ports")
        name = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        return cls(f"{url.scheme}://{name}", number or own_port, _path(host, url.path, path))

    @classmethod
    def exactly(cls, url: str) -> Address:
        """Take the whole address of an API as it is: without a path it is at the root.

        Parameters
        ----------
        url : str
            The address.

        Returns
        -------
        Address
            Its parts.

        Raises
        ------
        ConfigurationError
            When it is no address.
        """
        try:
            path = urlsplit(url).path.strip("/")
        except ValueError as error:
            raise ConfigurationError(f"{url!r} is not an address: {error}") from None
        return cls.parse(url, None, None if path else "")

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
        ConfigurationError
            When it is no address, or when a token that is sent there could be read on the way.
        """
        address = cls.exactly(url or "")
        if address.is_readable:
            raise ConfigurationError(
                f"the algorithm store at {url} speaks plain http: whoever is on the way could take "
                "your login, so nothing is sent there; link the store by its https address"
            )
        return address

    @property
    def is_readable(self) -> bool:
        """Whether others on the way could read along: plain http, and not to this machine."""
        parts = urlsplit(self.host)
        return parts.scheme == "http" and not is_loopback(parts.hostname or "")

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


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _path(host: str, own: str, path: str | None) -> str:
    """Give the path of the API: the one in the host's address, or the one given beside it."""
    own = own.strip("/")
    given = (own or API_PATH).strip("/") if path is None else path.strip("/")
    if own and own != given:
        raise ConfigurationError(f"host {host!r} and path {path!r} name different paths")
    return f"/{given}" if given else ""


def _port(port: int | str | None) -> int | None:
    if port is None or port == "":
        return None
    try:
        number = int(port)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise ConfigurationError(f"port must be a number from 1 to 65535, or None, not {port!r}")
    return number


PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def check_proxy(proxy: str, source: str) -> str:
    """Refuse what is not the address of a proxy.

    Parameters
    ----------
    proxy : str
        The address.
    source : str
        Where it is from, for the error.

    Returns
    -------
    str
        The address.

    Raises
    ------
    ConfigurationError
        When it is none. The error does not show it: it may hold a password.
    """
    if not _is_proxy(proxy):  # not here, where its parts would be in the traceback
        raise ConfigurationError(
            f"{source} must be the address of a proxy, such as 'http://proxy.example:3128'; it may "
            f"begin with {', '.join(f'{scheme}://' for scheme in PROXY_SCHEMES)}"
        )
    return proxy


def _is_proxy(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        return parts.scheme in PROXY_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


# What a system call takes is counted in milliseconds, as an int of 32 bits.
LONGEST = 1_000_000.0


@dataclass(frozen=True)
class Timeouts:
    """How long a call may take, and each part of it, in seconds.

    A call is one request to the server with its answer, and all attempts to get it. Reading all
    pages of a list, or waiting for a task, makes many calls.

    Attributes
    ----------
    connect : float
        To open a connection, TLS included.
    read : float
        Without a byte from the server.
    write : float
        Without the server taking a byte.
    pool : float
        To get hold of a connection, when many requests share the client.
    total : float or None
        For the whole call: all its attempts, the pauses between them, and the renewal of the token
        if that is due. None sets no such limit. What is streamed to or from a blob store, which
        may be of any size, has this long for each MiB.

    Examples
    --------
    >>> from vantage6.client import Client, Timeouts
    >>> client = Client("https://server.example", timeout=Timeouts(connect=5, total=120))
    """

    connect: float = 10.0
    read: float = 60.0
    write: float = 60.0
    pool: float = 60.0
    total: float | None = 300.0

    def __post_init__(self) -> None:
        for name in ("connect", "read", "write", "pool", "total"):
            value: object = getattr(self, name)
            if value is None and name == "total":
                continue
            if isinstance(value, bool) or not (
                isinstance(value, int | float) and 0 < value <= LONGEST
            ):
                raise ConfigurationError(
                    f"the {name} timeout must be above 0 and at most {LONGEST:.0f} seconds, "
                    f"not {value!r}"
                )

    @classmethod
    def of(cls, timeout: float | Timeouts | None) -> Timeouts:
        """Read what the client's ``timeout`` argument takes.

        Parameters
        ----------
        timeout : float, Timeouts or None
            One number for the whole and for each part, the parts themselves, or None for the
            defaults.

        Returns
        -------
        Timeouts
            The parts.
        """
        if timeout is None:
            return cls()
        if isinstance(timeout, Timeouts):
            return timeout
        return cls(timeout, timeout, timeout, timeout, timeout)


@dataclass(frozen=True)
class Limits:
    """What a call may cost: time, attempts and memory.

    Attributes
    ----------
    timeouts : Timeouts
        How long it may take.
    max_retries : int
        How many further attempts there may be where that is safe.
    max_response_bytes : int
        How many bytes an answer may have, once it is unpacked.
    """

    timeouts: Timeouts = Timeouts()
    max_retries: int = 3
    max_response_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        for name, least in (("max_retries", 0), ("max_response_bytes", 1)):
            value: object = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigurationError(
                    f"{name} must be a whole number from {least} on, not {value!r}"
                )

    def but(
        self,
        timeout: float | Timeouts | None = None,
        max_retries: int | None = None,
        max_response_bytes: int | None = None,
    ) -> Limits:
        """Give the same limits, but for those that are named.

        Parameters
        ----------
        timeout, max_retries, max_response_bytes : optional
            As the arguments of the client so called; None leaves them as they are.

        Returns
        -------
        Limits
            The limits.
        """
        return Limits(
            self.timeouts if timeout is None else Timeouts.of(timeout),
            self.max_retries if max_retries is None else max_retries,
            self.max_response_bytes if max_response_bytes is None else max_response_bytes,
        )


@dataclass(frozen=True)
class Route:
    """How to get to a server: through which proxy, and whom to trust there.

    Attributes
    ----------
    verify : bool, path or SSLContext
        Whose certificates to trust.
    cert : path, tuple or None
        The client's own certificate: a file, or files of certificate and key, and a passphrase.
    proxy : str, False or None
        Address of the proxy; False for none, None for what the environment says.
    """

    verify: Verify = True
    cert: Cert | None = field(default=None, repr=False)
    proxy: str | Literal[False] | None = field(default=None, repr=False)


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
    ConfigurationError
        When there is no such level.
    """
    if level is None:
        return
    if level.lower() not in LOG_LEVELS:
        raise ConfigurationError(f"log_level must be one of {', '.join(LOG_LEVELS)}, not {level!r}")
    LOGGER.setLevel(level.upper())
    if not any(isinstance(handler, _Console) for handler in LOGGER.handlers):
        console = _Console()
        console.setFormatter(logging.Formatter("%(message)s"))
        LOGGER.addHandler(console)
