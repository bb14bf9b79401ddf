"""The address of an API."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from vantage6.bindings.secret import HIDDEN, scrub

from ..errors import ConfigurationError

API_PATH = "/api"


@dataclass(frozen=True)
class Address:
    """Where the API of a server is."""

    host: str
    port: int | None
    path: str

    @classmethod
    def parse(cls, host: str, port: int | str | None = None, path: str | None = None) -> Address:
        """Check the parts of an address as people write them."""
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
    def parse_exact(cls, url: str) -> Address:
        """Take the whole address of an API as it is: without a path it is at the root."""
        try:
            path = urlsplit(url).path.strip("/")
        except ValueError as error:
            raise ConfigurationError(f"{url!r} is not an address: {error}") from None
        return cls.parse(url, None, None if path else "")

    @classmethod
    def parse_store(cls, url: str | None) -> Address:
        """Check the address of an algorithm store, which the server supplies."""
        address = cls.parse_exact(url or "")
        if address.is_insecure:
            raise ConfigurationError(
                f"the algorithm store at {url} speaks plain http: whoever is on the way could take "
                "your login, so nothing is sent there; link the store by its https address"
            )
        return address

    @property
    def is_insecure(self) -> bool:
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
    """Return whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _path(host: str, own: str, path: str | None) -> str:
    """Return the path of the API: the one in the host's address, or the one given beside it."""
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
