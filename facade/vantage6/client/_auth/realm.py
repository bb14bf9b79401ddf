"""The realm of a Keycloak, where users and programs of version 5 log in."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from vantage6.bindings.secret import Secret, conceal, scrub

from .._http.address import Address, require_text
from .._http.secrets import redact, secret
from .._http.status_errors import error_for
from .._utils.text import sanitize
from ..errors import (
    ConfigurationError,
    InvalidResponseError,
    LoginExpiredError,
    LoginFailedError,
    NotAuthenticatedError,
    ServerError,
    UnauthorizedError,
    Vantage6Error,
)
from .strategy import AuthStrategy, RealmRequest, as_response, renew_or_log_in
from .tokens import Tokens, fits_header, renewal_times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._http.response import Response
    from .strategy import LoginEnd, LoginFlow

REALM, CLIENT = "vantage6", "public_client"
# The largest response of a realm that is read; one with tokens has a few kilobytes.
MAX_BYTES = 1 << 20
# What a realm refuses with when the secret is wrong, or the client may not log in like this.
REFUSED_CLIENT = ("invalid_client", "unauthorized_client", "unsupported_grant_type")


@dataclass(frozen=True)
class Realm:
    """A realm, and the client of it that users log in with.

    Its endpoints follow from its address. What the realm says about them is not asked for, because
    it could send secrets elsewhere.
    """

    url: str
    client: str = CLIENT

    @classmethod
    def parse(cls, auth_url: str, realm: str | None = None, client: str | None = None) -> Realm:
        """Parse the address of a Keycloak, which may include that of the realm."""
        address = Address.parse_exact(auth_url, "auth_url")
        require_text("auth_realm", realm or "")
        require_text("auth_client", client or "")
        if address.is_insecure:
            raise ConfigurationError(
                f"auth_url: expected an https address, got {address.url}. Over plain http, anyone "
                "on the network path could take your login."
            )
        base, marker, own = address.url.partition("/realms/")
        if marker and realm not in (None, own):
            raise ConfigurationError(
                f"auth_realm: expected the realm in auth_url, {own!r}, or None, got {realm!r}"
            )
        name = own or realm or REALM
        if "/" in name or name in (".", ".."):
            raise ConfigurationError(f"auth_realm: expected the name of a realm, got {name!r}")
        return cls(f"{base}/realms/{quote(name, safe='')}", client or CLIENT)

    def request(self, endpoint: str, **form: str) -> RealmRequest:
        """Create a request to an OpenID Connect endpoint of the realm."""
        return RealmRequest(f"{self.url}/protocol/openid-connect/{endpoint}", form)

    def obtain(self, refused: type[UnauthorizedError], **form: str) -> LoginFlow:
        """Request tokens, and raise `refused` if the realm rejects what they are requested with."""
        since = monotonic()  # the tokens may be as old as the request for them
        response = as_response((yield self.request("token", **form)))
        body = read_response(response)
        if "error" in body:
            raise self.refusal(body, response, refused)
        return tokens_of(body, since)

    def end_session(self, tokens: Tokens) -> LoginEnd:
        """End the session of a user; a program has none."""
        if not tokens.refresh:
            return
        form = {"client_id": self.client, "refresh_token": tokens.refresh}
        response = yield self.request("logout", **form)
        if response.status == 204:
            return
        body = read_response(response)
        if (response.status, body.get("error")) != (400, "invalid_grant"):  # it had ended already
            raise self.refusal(cast("Any", redact(body)), response, LoginFailedError)

    def refusal(
        self, body: Mapping[str, object], response: Response, refused: type[UnauthorizedError]
    ) -> Vantage6Error:
        """Create the error for a request that the realm rejected."""
        error, text = describe(body)
        if response.status == HTTPStatus.NOT_FOUND:
            return ConfigurationError(
                f"auth_url, auth_realm: expected a realm at {self.url}, got {text!r}. The "
                "operator of the server knows both."
            )
        if error in REFUSED_CLIENT:
            message = (
                f"client {self.client!r} of {self.url}: the realm refuses this login: {text}. "
                "Check the client and its secret. Users log in by authenticate() without "
                "arguments; programs with a service account."
            )
            refused = LoginFailedError
        elif refused is LoginExpiredError:
            message = f"{text}. Call authenticate() again."
        else:
            message = f"{text}. Check username and password, or the secret of the service account."
        return refused(
            message,
            method=response.method,
            url=response.url,
            status=response.status,
            body=body,
        )


def read_response(response: Response) -> Mapping[str, object]:
    """Return the JSON object in a response of the realm: tokens, or an error with its reason."""
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ServerError(
            "the realm cannot respond now",
            method=response.method,
            url=response.url,
            status=response.status,
        )
    if response.location or response.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise error_for(response)
    body: object = None
    if len(response.content) <= MAX_BYTES:
        with suppress(ValueError, RecursionError):
            # It may repeat what was sent to it; what is kept of it is masked.
            hide = conceal if response.status == 200 else redact
            body = hide(json.loads(response.content))
    if isinstance(body, dict):
        found = cast("dict[str, object]", body)
        if response.status == 200 and "error" not in found:
            return found
        if response.status != 200 and isinstance(found.get("error"), str):
            return found
    raise InvalidResponseError(
        "login: expected a realm of Keycloak at this address, got another response. Check auth_url "
        "and auth_realm: the operator of the server knows both.",
        method=response.method,
        url=response.url,
        status=response.status,
        body=scrub(response.content[:1000].decode(errors="replace")),
    )


def describe(body: Mapping[str, object]) -> tuple[str, str]:
    """Return the code of a realm's error, and a text for it that is safe to show."""
    error = str(body.get("error"))
    text = body.get("error_description") or error
    return error, scrub(sanitize(str(text)[:500])).rstrip(" .")


def renew(realm: Realm, tokens: Tokens) -> LoginFlow:
    """Renew tokens with their refresh token."""
    if not tokens.refresh:
        raise NotAuthenticatedError
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
    return (yield from realm.obtain(LoginExpiredError, client_id=realm.client, **form))


@dataclass(frozen=True)
class RealmRefresh(AuthStrategy):
    """Renew tokens until they expire: for a saved login, or without automatic login."""

    refusal_is_final = True

    realm: Realm

    @property
    def for_relogin(self) -> RealmRefresh:
        """The same: nothing in it is valid only once."""
        return self

    @property
    def refresh_only(self) -> RealmRefresh:
        """The same."""
        return self

    def log_in(self) -> LoginFlow:
        """Raise an error: there is nothing to log in with."""
        raise NotAuthenticatedError

    def renew(self, tokens: Tokens) -> LoginFlow:
        """Renew tokens."""
        return renew(self.realm, tokens)


@dataclass(frozen=True)
class RealmPassword(AuthStrategy):
    """Log in with a password, which few realms allow."""

    refusal_is_final = True

    realm: Realm
    username: str
    password: str = field(repr=False)

    @property
    def for_relogin(self) -> RealmPassword:
        """The same: nothing in it is valid only once."""
        return self

    @property
    def refresh_only(self) -> RealmRefresh:
        """The renewal without the password."""
        return RealmRefresh(self.realm)

    def log_in(self) -> LoginFlow:
        """Obtain tokens."""
        account = {"username": self.username, "password": secret(self.password, "password")}
        form = {"grant_type": "password", "client_id": self.realm.client, **account}
        return (yield from self.realm.obtain(LoginFailedError, **form))

    def renew(self, tokens: Tokens) -> LoginFlow:
        """Renew tokens, or log in again if they have expired."""
        return renew_or_log_in(renew(self.realm, tokens), self.log_in)


@dataclass(frozen=True)
class ServiceAccount(AuthStrategy):
    """Log in with the secret of a program's own client of the realm."""

    refusal_is_final = True

    realm: Realm
    client: str
    secret: str = field(repr=False)

    @property
    def for_relogin(self) -> ServiceAccount:
        """The same: nothing in it is valid only once."""
        return self

    @property
    def refresh_only(self) -> RealmRefresh:
        """The login without the secret, which cannot be renewed."""
        return RealmRefresh(self.realm)

    def log_in(self) -> LoginFlow:
        """Obtain tokens."""
        form = {"client_id": self.client, "client_secret": secret(self.secret, "client_secret")}
        realm = replace(self.realm, client=self.client)
        return (yield from realm.obtain(LoginFailedError, grant_type="client_credentials", **form))

    def renew(self, tokens: Tokens) -> LoginFlow:
        """Log in again: the realm issues no refresh token."""
        return self.log_in()


def tokens_of(body: Mapping[str, object], since: float) -> Tokens:
    """Return the tokens in a response; a service account has no refresh token."""
    access, refresh = body.get("access_token"), body.get("refresh_token") or ""
    if not (isinstance(access, str) and isinstance(refresh, str)):
        access = refresh = ""
    if not fits_header(access) or (refresh and not fits_header(refresh)):
        raise Vantage6Error("token from the realm: expected text of printable ASCII, got none")
    return Tokens(Secret(access), Secret(refresh), *renewal_times(since, body.get("expires_in")))
