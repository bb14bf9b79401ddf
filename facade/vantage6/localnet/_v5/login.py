"""Logins of the network's own programs at the identity provider."""

import threading
import time
from collections.abc import Generator, Mapping

import httpx

from vantage6.bindings.secret import Secret
from vantage6.localnet import _api
from vantage6.localnet._v5.realm import LOCAL_CLIENT, REALM

# A token is renewed when three quarters of its life are over, as real nodes do.
_RENEWAL = 0.75


class Login(httpx.Auth):
    """Adds an access token to requests, and obtains a new one before it expires."""

    def __init__(self, provider_url: str, form: Mapping[str, str]) -> None:
        self._url = f"{provider_url}/realms/{REALM}/protocol/openid-connect/token"
        self._form = form
        self._lock = threading.Lock()
        self._token = Secret("")
        self._renewal = self._end = 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token to a request."""
        request.headers["Authorization"] = Secret(f"Bearer {self.token()}")
        yield request

    def token(self) -> Secret:
        """Return a token that has not expired."""
        with self._lock:
            if time.monotonic() >= self._renewal:
                self._renew()
            return self._token

    def _renew(self) -> None:
        """Obtain a new token; without a connection, keep one that is still valid."""
        started = time.monotonic()
        try:
            with _api.http_client() as client:
                response = client.post(self._url, data=self._form)
        except _api.TransportError:
            if started >= self._end:
                raise
            return
        answer = _api.check(response).json()
        self._token = Secret(answer["access_token"])
        self._end = started + answer["expires_in"]
        self._renewal = started + _RENEWAL * answer["expires_in"]


def password_login(provider_url: str, username: str, password: str) -> Login:
    """Return the login of a user."""
    form = {"grant_type": "password", "client_id": LOCAL_CLIENT, "scope": "openid"}
    return Login(provider_url, {**form, "username": username, "password": password})


def client_login(provider_url: str, client: str, secret: str) -> Login:
    """Return the login of a node or of a service account."""
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    return Login(provider_url, form)
