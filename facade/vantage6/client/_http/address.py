"""The address of an API."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from vantage6.bindings.secret import HIDDEN

from ..errors import ConfigurationError

API_PATH = "/api"
HQ_PATH = "/hq"


@dataclass(frozen=True)
class Address:
    """Address of the API of a server."""

    host: str
    port: int | None
    path: str

    @classmethod
    def parse(
        cls,
        host: str,
        port: int | str | None = None,
        path: str | None = None,
        *,
        default: str = API_PATH,
        argument: str = "host",
    ) -> Address:
        """Parse the parts of an address as users write them."""
        require_text(argument, host)
        require_text("path", path or "")
        host = host.strip()
        if "@" in host:  # wherever it is: people forget to quote passwords in addresses
            raise ConfigurationError(
                f"{argument}: expected an address without credentials, got "
                f"{_without_login(host)!r}. Pass them to authenticate()."
            )
        url = _split(host)
        if url is None or url.scheme not in ("http", "https") or not url.hostname:
            raise ConfigurationError(
                f"{argument}: expected an address that starts with https:// (or http://) and names "
                f"the server, such as 'https://server.example', got {host!r}"
            )
        if url.query or url.fragment:
            raise ConfigurationError(
                f"{argument}: expected an address that ends with the path of the API, got {host!r}"
            )
        number, own_port = _port(port), url.port
        if own_port and number and own_port != number:
            raise ConfigurationError(
                f"port: expected the port of the host, {own_port}, or None, got {number}"
            )
        name = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        return cls(f"{url.scheme}://{name}", number or own_port, _path(url.path, path, default))

    @classmethod
    def parse_exact(cls, url: str, argument: str = "host") -> Address:
        """Parse the complete address of an API: without a path, it is at the root."""
        require_text(argument, url)
        parts = _split(url)
        path = None if parts and parts.path.strip("/") else ""
        return cls.parse(url, None, path, argument=argument)

    @classmethod
    def parse_store(cls, url: str | None) -> Address:
        """Parse the address of an algorithm store, which the server supplies."""
        address = cls.parse_exact(url or "")
        if address.is_insecure:
            raise ConfigurationError(
                f"algorithm store: expected an https address, got {url}. Over plain http, anyone "
                "on the network path could take your login. Link the store by its https address."
            )
        return address

    @property
    def is_insecure(self) -> bool:
        """Whether others on the network path can read along: plain http to another machine."""
        parts = urlsplit(self.host)
        return parts.scheme == "http" and not is_loopback(parts.hostname or "")

    @property
    def url(self) -> str:
        """The complete address of the API, without a slash at the end."""
        port = f":{self.port}" if self.port else ""
        return f"{self.host}{port}{self.path}"


def require_text(argument: str, value: object) -> None:
    """Raise ConfigurationError for an argument that is no text."""
    if not isinstance(value, str):
        raise ConfigurationError(f"{argument}: expected a str, got {type(value).__name__}")


def _split(host: str) -> SplitResult | None:
    """Split an address; None if it is malformed."""
    try:
        url = urlsplit(host)
        _ = url.port  # raises if it is not a number
    except ValueError:
        return None
    return url


def _without_login(host: str) -> str:
    start, _, rest = host.rpartition("@")
    scheme, slashes, _ = start.partition("//")
    return f"{scheme}{slashes}{HIDDEN}@{rest}" if slashes else f"{HIDDEN}@{rest}"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        from ipaddress import ip_address  # slow to import

        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _path(own: str, path: str | None, default: str) -> str:
    """Return the path of the API: that of the host's address, or the separate one."""
    own = own.strip("/")
    given = (own or default).strip("/") if path is None else path.strip("/")
    if own and own != given:
        raise ConfigurationError(
            f"path: expected the path of the host, {own!r}, or None, got {path!r}"
        )
    return f"/{given}" if given else ""


def _port(port: int | str | None) -> int | None:
    if port is None or port == "":
        return None
    try:
        number = int(port)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise ConfigurationError(f"port: expected a number from 1 to 65535 or None, got {port!r}")
    return number
