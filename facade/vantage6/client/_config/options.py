"""The options of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from .._encryption.key_files import key_source
from .._http.secrets import mask_route, secret_bytes
from .._utils.logging import show_messages
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from os import PathLike

    from .._encryption.trust import TrustMode
    from .._http.route import Cert, Verify
    from .._http.timeouts import Timeouts
    from .._rows.references import Ref

LOG_LEVELS = ("debug", "info", "warning", "warn", "error", "critical")


class ClientOptions(TypedDict, total=False):
    """Arguments of a client besides its address; described there."""

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

    server: str | None
    username: str | None
    collaboration: Ref | None
    private_key: str | PathLike[str] | None
    private_key_passphrase: str | bytes | None


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
    if str(level).lower() not in LOG_LEVELS:
        raise ConfigurationError(
            f"log_level: expected one of {', '.join(LOG_LEVELS)}, got {level!r}"
        )
    show_messages(level)
