"""The options of a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from .._encryption.key_files import key_source
from .._http.address import HQ_PATH, Address
from .._http.secrets import mask_route, secret_bytes
from .._utils.logging import show_messages
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from .._auth.device import DeviceCode
    from .._auth.realm import Realm
    from .._encryption.trust import TrustMode
    from .._http.route import Cert, Verify
    from .._http.timeouts import Timeouts
    from .._rows.references import Ref

LOG_LEVELS = ("debug", "info", "warning", "warn", "error", "critical")


class ClientOptions(TypedDict, total=False):
    """Arguments of a client besides its address; described there."""

    auth_url: str | None
    auth_realm: str | None
    auth_client: str | None
    auth_verify: Verify
    log_level: str | None
    timeout: float | Timeouts | None
    max_retries: int
    max_response_bytes: int
    verify: Verify
    cert: Cert | None
    proxy: str | Literal[False] | None
    trust: TrustMode
    known_organizations: str | PathLike[str] | None


class ConnectOptions(ClientOptions, total=False):
    """Keyword arguments of the functions that connect; they take precedence over all else."""

    login: Literal["code", False]
    open_browser: bool | None
    show: Callable[[DeviceCode], object] | None

    server: str | None
    username: str | None
    collaboration: Ref | None
    private_key: str | PathLike[str] | None
    private_key_passphrase: str | bytes | None


@dataclass(frozen=True)
class Server:
    """The server of a client: its address, and the realm where users of HQ log in."""

    address: Address
    realm: Realm | None
    log_level: str | None


def resolve_server(
    host: str | None,
    port: int | str | None,
    path: str | None,
    log_level: str | None,
    hq_url: str | None,
    auth_url: str | None,
    auth_realm: str | None,
    auth_client: str | None,
) -> Server:
    """Return the server that the arguments of a client describe.

    The positional arguments of the official client of version 5 are HQ's address, `auth_url`,
    `auth_realm` and `auth_client`: the second one is an address, not a port.
    """
    if isinstance(port, str) and not port.strip().isdigit() and port.strip():
        if auth_url or auth_realm or auth_client or "://" not in port:
            raise ConfigurationError(
                f"port: expected a number from 1 to 65535 or None, got {port!r}. With HQ, the "
                "second argument is auth_url."
            )
        auth_url, auth_realm, port, path = port, path, None, None
        if log_level not in (None, *LOG_LEVELS):
            auth_client, log_level = log_level, "info"
    if (host is None) == (hq_url is None):
        raise ConfigurationError(
            "host: expected the address of a server, or hq_url, got "
            + ("neither" if host is None else "both")
        )
    if not auth_url:
        if hq_url or auth_realm or auth_client:
            raise ConfigurationError(
                "auth_url: expected the address of the Keycloak where users of HQ log in, got "
                "none. The operator of the server knows it."
            )
        return Server(Address.parse(host or "", port, path), None, log_level)
    from .._auth.realm import Realm

    given = ("hq_url", hq_url) if host is None else ("host", host)
    address = Address.parse(given[1] or "", port, path, default=HQ_PATH, argument=given[0])
    return Server(address, Realm.parse(auth_url, auth_realm, auth_client), log_level)


def mask_options(arguments: ConnectOptions) -> ConnectOptions:
    """Return the options with keys, passphrases and the login of a proxy as secrets."""
    masked = arguments.copy()
    if "private_key_passphrase" in arguments:
        masked["private_key_passphrase"] = secret_bytes(arguments["private_key_passphrase"])
    if (key := arguments.get("private_key")) is not None:
        masked["private_key"] = key_source(key, "private_key")
    cert, proxy = mask_route(arguments.get("cert"), arguments.get("proxy"))
    if "cert" in arguments:
        masked["cert"] = cert
    if "proxy" in arguments:
        masked["proxy"] = proxy
    return masked


def show_log(level: str | None) -> None:
    """Show this package's messages of a level and above; None leaves logging as it is."""
    if level is None:
        return
    level = str(getattr(level, "value", level))  # of a LogLevel
    if level.lower() not in LOG_LEVELS:
        raise ConfigurationError(
            f"log_level: expected one of {', '.join(LOG_LEVELS)}, got {level!r}"
        )
    show_messages(level)
