"""Log in with a code that the user enters on another device or in a browser (RFC 8628)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast
from urllib.parse import urlsplit

from vantage6.bindings.secret import Secret

from .._http.address import is_loopback
from .._utils.text import sanitize
from ..errors import (
    ConnectionFailedError,
    InvalidResponseError,
    LoginFailedError,
    RequestTimeoutError,
    StatusError,
    Vantage6Error,
)
from .realm import Realm, RealmRefresh, describe, read_response, renew, tokens_of
from .strategy import AuthStrategy, Callback, Pause, as_response, renew_or_log_in

if TYPE_CHECKING:
    from .._http.response import Response
    from .strategy import LoginFlow, LoginStep
    from .tokens import Tokens

    _Steps: TypeAlias = Generator[LoginStep, Response | str | None, Tokens | LoginFailedError]

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# Seconds between two requests by default, and how many more a realm asks for.
INTERVAL, SLOWER = 5.0, 5.0
MAX_INTERVAL, MAX_LIFETIME = 60.0, 3600.0
PASSING = (StatusError, ConnectionFailedError, RequestTimeoutError, InvalidResponseError)
REASONS = {
    "access_denied": "the login was declined on the page of the realm",
    "expired_token": "the code expired before it was entered",
    "invalid_grant": "the realm no longer knows the code",
}


@dataclass(frozen=True)
class DeviceCode:
    """The code of a login that the user completes in a browser.

    Attributes
    ----------
    url : str
        The page to open.
    url_with_code : str or None
        The page with the code already filled in, if the realm supports that.
    user_code : str
        The code to enter there.
    seconds : float
        How long the code is valid.
    host : str
        Host of the realm that the login belongs to.
    """

    url: str
    url_with_code: str | None = field(repr=False)
    user_code: str = field(repr=False)
    seconds: float
    host: str


class Presenter(Protocol):
    """What shows the code to the user."""

    def show(self, code: DeviceCode) -> object: ...

    def end(self) -> object:
        """Remove the code from view: the login has ended."""
        ...

    def offer(self) -> bool:
        """Return whether the user wants another code, as this one has expired."""
        ...


@dataclass(frozen=True)
class DeviceLogin(AuthStrategy):
    """Log in with a code that the user enters in a browser."""

    refusal_is_final = True

    realm: Realm
    presenter: Presenter

    @property
    def for_relogin(self) -> DeviceLogin:
        """The same: each login has a code of its own."""
        return self

    @property
    def refresh_only(self) -> RealmRefresh:
        """The renewal without another code."""
        return RealmRefresh(self.realm)

    def log_in(self) -> LoginFlow:
        """Obtain a code, show it, and wait until the user has entered it, or a later one."""
        wanted: list[bool] = []
        while True:
            found = yield from self._use_code()
            if not isinstance(found, LoginFailedError):
                return found
            yield Callback(lambda: wanted.append(self.presenter.offer()))
            if not wanted.pop():
                raise found

    def _use_code(self) -> _Steps:
        """Log in with one code; return the error if it expires."""
        since = monotonic()
        form = {"client_id": self.realm.client, "scope": "openid"}
        response = as_response((yield self.realm.request("auth/device", **form)))
        body = read_response(response)
        if "error" in body:
            raise self._refusal(body, response)
        code = _read_code(body, response, self.realm)
        try:
            yield Callback(partial(self.presenter.show, code))
            return (yield from self._poll(body, code, since))
        finally:
            self.presenter.end()

    def _refusal(self, body: Mapping[str, object], response: Response) -> Vantage6Error:
        """Create the error for a realm that issues no code."""
        if response.status == HTTPStatus.NOT_FOUND:
            return self.realm.refusal(body, response, LoginFailedError)
        return LoginFailedError(
            f"client {self.realm.client!r} of {self.realm.url}: the realm issues no code to log in "
            f"with: {describe(body)[1]}. Check auth_client. The operator of the Keycloak can turn "
            "on 'OAuth 2.0 Device Authorization Grant' for this client.",
            method=response.method,
            url=response.url,
            status=response.status,
            body=body,
        )

    def _poll(self, body: Mapping[str, object], code: DeviceCode, since: float) -> _Steps:
        secret = Secret(cast("str", body["device_code"]))
        form = {"grant_type": GRANT, "device_code": secret, "client_id": self.realm.client}
        interval = _bounded(body.get("interval"), INTERVAL, MAX_INTERVAL)
        expires = since + code.seconds
        is_last = False
        while True:
            yield Pause(max(0.0, min(interval, expires - monotonic())))
            is_last = monotonic() >= expires
            requested = monotonic()
            try:
                response = as_response((yield self.realm.request("token", **form)))
                found = read_response(response)
            except PASSING:
                if is_last:
                    raise
                interval = min(2 * interval, MAX_INTERVAL)
                continue
            if "error" not in found:
                return tokens_of(found, requested)
            error, _ = describe(found)
            if error == "slow_down":
                interval = min(interval + SLOWER, MAX_INTERVAL)
            elif error == "expired_token":
                is_last = True
            elif error != "authorization_pending":
                raise self._failure(error, found, response)
            if is_last:
                return self._failure("expired_token", found, response)

    def _failure(
        self, error: str, body: Mapping[str, object], response: Response
    ) -> LoginFailedError:
        reason = REASONS.get(error)
        reason = reason or f"the realm refuses the login: {describe(body)[1]}"
        return LoginFailedError(
            f"login at {self.realm.url}: {reason}. Call authenticate() for a new code.",
            method=response.method,
            url=response.url,
            status=response.status,
            body=body,
        )

    def renew(self, tokens: Tokens) -> LoginFlow:
        """Renew tokens, or ask the user to log in again if they have expired."""
        return renew_or_log_in(renew(self.realm, tokens), self.log_in)


def _read_code(body: Mapping[str, object], response: Response, realm: Realm) -> DeviceCode:
    """Return the code in a response of the realm; nothing of it is shown as it is."""
    names = ("device_code", "user_code", "verification_uri")
    texts = [body.get(name) for name in names]
    if all(isinstance(text, str) and text for text in texts):
        _, user_code, url = cast("list[str]", texts)
        complete = body.get("verification_uri_complete")
        if _is_safe(url):
            return DeviceCode(
                url,
                complete if isinstance(complete, str) and _is_safe(complete) else None,
                sanitize(user_code),
                _bounded(body.get("expires_in"), 600.0, MAX_LIFETIME),
                urlsplit(realm.url).netloc,
            )
    raise InvalidResponseError(
        "login: expected a code and an https address from the realm, got something else",
        method=response.method,
        url=response.url,
        status=response.status,
        body="",
    )


def _is_safe(url: str) -> bool:
    """Return whether an address may be shown: https, or this machine, without credentials."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return is_plain and "@" not in parts.netloc and (parts.scheme == "https" or is_local)


def _bounded(value: object, default: float, limit: float) -> float:
    """Return a number of seconds that a realm specifies, within bounds."""
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
        return default
    return min(max(1.0, value), limit)
