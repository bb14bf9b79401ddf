"""Server requests through the bindings; error responses raise exceptions."""

from collections.abc import Iterator
from typing import TypeVar

import httpx

from vantage6.bindings.call import Call
from vantage6.bindings.secret import scrub, scrub_log
from vantage6.bindings.server import calls
from vantage6.bindings.server.client import AuthenticatedClient, Client
from vantage6.bindings.server.models.error import Error
from vantage6.bindings.server.types import Response
from vantage6.localnet._errors import LocalNetworkError

T = TypeVar("T")

# httpcore logs response headers at level DEBUG, and those of a login contain a token.
scrub_log("httpcore.http11")

HOST = "127.0.0.1"
API_PATH = "/api"
_CHUNK_BYTES = 2**18  # the server rejects chunks of 2**20 bytes
# The server does not read the end of a chunked body, and would parse it as the next request.
CLOSE_CONNECTION = {"Connection": "close"}
TIMEOUT = httpx.Timeout(60.0)
# Requests stay on this machine, so they must ignore the user's proxy settings.
_NO_PROXY = {"trust_env": False}

TransportError = httpx.TransportError
"""Raised when the server cannot be reached."""


class ApiError(LocalNetworkError):
    """The server responded with an error status."""

    def __init__(self, status: int, body: str) -> None:
        self.status = status
        self._body = scrub(body.strip())
        super().__init__(f"the server responded with status {status}: {self._body}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.status, self._body)


def anonymous_client(url: str, api_path: str = API_PATH) -> Client:
    """Create a client without a token; the URL has no path."""
    return Client(base_url=url + api_path, timeout=TIMEOUT, verify_ssl=False, httpx_args=_NO_PROXY)


def http_client(url: str = "", login: httpx.Auth | None = None) -> httpx.Client:
    """Create a client without the bindings."""
    # Without TLS: certificates, which take 50 ms to load, are not needed.
    transport = httpx.HTTPTransport(verify=False)
    return httpx.Client(base_url=url, auth=login, timeout=TIMEOUT, transport=transport)


def authenticated_client(url: str, token: str) -> AuthenticatedClient:
    """Create a client with a token; the URL has no path."""
    return AuthenticatedClient(
        base_url=url + API_PATH,
        token=token,
        timeout=TIMEOUT,
        verify_ssl=False,
        httpx_args=_NO_PROXY,
    )


def send(client: AuthenticatedClient | httpx.Client, call: Call[T]) -> T:
    """Send a request of the bindings' `calls` and return the parsed JSON."""
    http = client if isinstance(client, httpx.Client) else client.get_httpx_client()
    return check(
        http.request(call.method, call.path, params=dict(call.query), json=call.body)
    ).json()


def put_blob(client: httpx.Client, blob: bytes) -> str:
    """Upload a blob in chunks, as nodes do, and return its id."""
    call = calls.upload_blob(b"")
    response = client.request(
        call.method, call.path, content=chunks(blob), headers=CLOSE_CONNECTION
    )
    return check(response).json()["uuid"]


def chunks(blob: bytes) -> Iterator[bytes]:
    """Yield a blob in chunks that the server accepts."""
    for start in range(0, len(blob), _CHUNK_BYTES):
        yield blob[start : start + _CHUNK_BYTES]


def get_blob(client: httpx.Client, blob_id: str) -> bytes:
    """Download a blob."""
    call = calls.download_blob(blob_id)
    return check(client.request(call.method, call.path)).content


def check(response: httpx.Response) -> httpx.Response:
    """Return a response, or raise `ApiError` for an error status."""
    if not response.is_success:
        raise ApiError(response.status_code, response.text[:500])
    return response


def unwrap(response: Response[T | Error]) -> T:
    """Return the parsed body of a `sync_detailed` response, or raise `ApiError`."""
    if response.parsed is None or isinstance(response.parsed, Error):
        raise ApiError(response.status_code, response.content.decode(errors="replace")[:500])
    return response.parsed
