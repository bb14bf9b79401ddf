"""How users and programs log in at each generation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._auth.password import PasswordLogin
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .._auth.credentials import CodeSource
    from .._auth.device import DeviceCode
    from .._auth.realm import Realm, ServiceAccount
    from .._auth.strategy import AuthStrategy


def user_login(
    realm: Realm | None,
    username: str | None,
    password: str | None,
    mfa_code: CodeSource | None,
    show: Callable[[DeviceCode], object] | None,
    open_browser: bool | None,
) -> AuthStrategy:
    """Return how a user logs in: with a password, or at HQ in a browser."""
    if realm is None:
        if username is None or password is None:
            raise ConfigurationError(
                "authenticate: expected username and password, got none. For HQ, pass auth_url to "
                "the client."
            )
        return PasswordLogin(username, password, mfa_code)
    if mfa_code is not None:
        raise ConfigurationError(
            "mfa_code: expected None for HQ, got a code. The page of the realm asks for it: call "
            "authenticate() without arguments."
        )
    if username is not None and password is not None:
        from .._auth.realm import RealmPassword

        return RealmPassword(realm, username, password)
    if username is not None or password is not None:
        raise ConfigurationError(
            "authenticate: expected username and password, or neither, got one of them"
        )
    from .._auth.device import DeviceLogin
    from .._auth.present import DevicePresenter

    return DeviceLogin(realm, DevicePresenter(show, open_browser))


def service_account(
    realm: Realm | None, secret: str, username: str | None, client: str | None
) -> ServiceAccount:
    """Return how a program logs in at HQ."""
    if realm is None:
        raise ConfigurationError(
            "service account: expected the client of a realm, got one without auth_url. Servers of "
            "version 4 have no service accounts: log in with username and password."
        )
    if not (username or client):
        raise ConfigurationError("service account: expected username or client_name, got neither")
    from .._auth.realm import ServiceAccount

    return ServiceAccount(realm, client or f"{username}-user-client", secret)
