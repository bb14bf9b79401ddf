"""Calls of the server through the bindings, and their errors as exceptions."""

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

# At level debug it tells the headers of all answers, and that of a login has a token in one.
scrub_log("httpcore.http11")

HOST = "127.0.0.1"
API_PATH = "/api"
_PIECE = 2**18  # the server takes no piece of 2**20 bytes
# The server leaves the end of a body in pieces unread, and would take it for the next request.
CLOSING = {"Connection": "close"}
_TIMEOUT = httpx.Timeout(60.0)
# A proxy of the user's must not get between the parts of this network, and certificates, which
# take longest to load, are for HTTPS.
_DIRECT = {"trust_env": False}

TransportError = httpx.TransportError
"""What a call raises when the server cannot be reached."""


class CallError(LocalNetworkError):
    """The server refused a call.

    Parameters
    ----------
    status : int
        HTTP status.
    body : str
        What the server said.
    """

    def __init__(self, status: int, body: str) -> None:
        self.status = status
        self._body = scrub(body.strip())
        super().__init__(f"The server answered {status}: {self._body}")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.status, self._body)


def anonymous(url: str) -> Client:
    """Return a client for calls that need no token; the URL is the server's, without a path."""
    return Client(base_url=url + API_PATH, timeout=_TIMEOUT, verify_ssl=False, httpx_args=_DIRECT)


def authenticated(url: str, token: str) -> AuthenticatedClient:
    """Return a client that calls with a token; the URL is the server's, without a path."""
    return AuthenticatedClient(
        base_url=url + API_PATH,
        token=token,
        timeout=_TIMEOUT,
        verify_ssl=False,
        httpx_args=_DIRECT,
    )


def ask(client: AuthenticatedClient, call: Call[T]) -> T:
    """Make a call that is answered with rows.

    Parameters
    ----------
    client : AuthenticatedClient
        Who calls.
    call : Call
        What a function of ``vantage6.bindings.server.calls`` returned.

    Returns
    -------
    T
        The body of success.

    Raises
    ------
    CallError
        The server refused.

    Examples
    --------
    >>> ask(client, calls.get_task(3))["name"]  # doctest: +SKIP
    'average'
    """
    response = client.get_httpx_client().request(
        call.method, call.path, params=dict(call.query), json=call.body
    )
    if not response.is_success:
        raise CallError(response.status_code, response.text[:500])
    return response.json()


def put_blob(client: AuthenticatedClient, blob: bytes) -> str:
    """Store a blob, in pieces as nodes do.

    Parameters
    ----------
    client : AuthenticatedClient
        Who stores it.
    blob : bytes
        What to store.

    Returns
    -------
    str
        Its id.

    Raises
    ------
    CallError
        The server refused.
    """
    call = calls.upload_blob(b"")
    response = client.get_httpx_client().request(
        call.method, call.path, content=in_pieces(blob), headers=CLOSING
    )
    if not response.is_success:
        raise CallError(response.status_code, response.text[:500])
    return response.json()["uuid"]


def in_pieces(blob: bytes) -> Iterator[bytes]:
    """Yield a blob in pieces that the server takes."""
    for start in range(0, len(blob), _PIECE):
        yield blob[start : start + _PIECE]


def get_blob(client: AuthenticatedClient, blob_id: str) -> bytes:
    """Read a blob.

    Parameters
    ----------
    client : AuthenticatedClient
        Who reads it.
    blob_id : str
        Its id.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    CallError
        The server refused.
    """
    call = calls.download_blob(blob_id)
    response = client.get_httpx_client().request(call.method, call.path)
    if not response.is_success:
        raise CallError(response.status_code, response.text[:500])
    return response.content


def answer(response: Response[T | Error]) -> T:
    """Return what a call brought, or raise what the server said instead.

    Parameters
    ----------
    response : Response
        What a ``sync_detailed`` of the bindings returned.

    Returns
    -------
    T
        The body of success.

    Raises
    ------
    CallError
        The server refused.

    Examples
    --------
    >>> answer(get_task.sync_detailed(3, client=client))  # doctest: +SKIP
    Task(id=3, ...)
    """
    if response.parsed is None or isinstance(response.parsed, Error):
        raise CallError(response.status_code, response.content.decode(errors="replace")[:500])
    return response.parsed
