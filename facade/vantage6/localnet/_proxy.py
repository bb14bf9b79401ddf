"""The nodes' HTTP proxy: an algorithm's only way to the server, and where encryption happens.

An algorithm knows no keys. What it asks goes on to the server with its own token; the input of the
tasks it creates is encrypted here, and the results it asks for are decrypted here.
"""

import functools
import json
import logging
import socket
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vantage6.bindings.server import calls
from vantage6.bindings.server.client import AuthenticatedClient
from vantage6.localnet import _api
from vantage6.localnet._cipher import Cipher

if TYPE_CHECKING:
    import httpx

    from vantage6.bindings.server.rows import Result, ResultPage, TaskInput

_log = logging.getLogger("vantage6.localnet")
_POLL_SECONDS = 0.1
_STOP_SECONDS = 5.0


class Proxy:
    """The way to the server for the algorithms of every node, on one loopback port.

    Parameters
    ----------
    url : str
        The server's URL.

    Examples
    --------
    >>> proxy = Proxy("http://127.0.0.1:7601")  # doctest: +SKIP
    >>> proxy.open(5, client, Cipher(None))  # doctest: +SKIP
    '/5'
    """

    def __init__(self, url: str) -> None:
        self._server = _api.anonymous(url).get_httpx_client()
        self._gates: dict[str, _Gate] = {}
        self._listener = ThreadingHTTPServer((_api.HOST, 0), functools.partial(_Handler, self))
        self._listener.daemon_threads = True
        self.port = self._listener.server_port
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=[_POLL_SECONDS], name="localnet-proxy"
        )
        self._thread.daemon = True
        self._thread.start()

    def open(self, node: int, client: AuthenticatedClient, cipher: Cipher) -> str:
        """Serve the algorithms of a node.

        Parameters
        ----------
        node : int
            Id of the node.
        client : AuthenticatedClient
            The node's own client, to look up public keys with.
        cipher : Cipher
            The wire format of the node's organization.

        Returns
        -------
        str
            The API path for the node's algorithms.
        """
        self._gates[str(node)] = _Gate(self._server, client, cipher)
        return f"/{node}"

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Pass a request of an algorithm on, by way of its node.

        Parameters
        ----------
        method, path : str
            The request line; the path begins with the node's.
        headers : dict of str to str
            Headers to pass on.
        body : bytes
            Body of the request, empty if it has none.

        Returns
        -------
        status : int
            HTTP status of the answer.
        body : bytes
            Body of the answer, decrypted if it holds results.
        """
        _, node, rest = path.split("/", 2)
        return self._gates[node].forward(method, f"/{rest}", headers, body)

    def stop(self) -> None:
        """Stop listening."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join(_STOP_SECONDS)
        self._server.close()


class _Gate:
    """What the proxy does for one node."""

    def __init__(self, server: "httpx.Client", node: AuthenticatedClient, cipher: Cipher) -> None:
        self._server = server
        self._node = node
        self._cipher = cipher

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Pass a request on to the server, its path as the server has it below its API path."""
        resource = urlsplit(path).path.strip("/").split("/")
        if resource[0] == "blobstream" and resource[1:] != ["status"]:
            return self._forward_blob(method, path, headers, body)
        if self._cipher.encrypts and (method, resource) == ("POST", ["task"]):
            body = self._encrypt_inputs(body)
        response = self._server.request(method, path, headers=headers, content=body)
        if self._cipher.encrypts and response.is_success and resource[0] == "result":
            return response.status_code, self._decrypt_results(response.content)
        return response.status_code, response.content

    def _forward_blob(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Pass on an algorithm's blob: the input of a task of its own, or the result of one."""
        if method == "POST":
            public_key = headers.pop("X-Public-Key", None)
            body = self._cipher.seal_blob(body, public_key)
        content = _api.in_pieces(body) if method == "POST" else None
        headers = {**headers, **_api.CLOSING}
        response = self._server.request(method, path, headers=headers, content=content)
        if method == "GET" and response.is_success:
            return response.status_code, self._cipher.open_blob(response.content)
        return response.status_code, response.content

    def _encrypt_inputs(self, body: bytes) -> bytes:
        """Encrypt each organization's input in the body of a new task."""
        task: TaskInput = json.loads(body)
        for organization in task["organizations"]:
            if _is_blob_id(organization.get("input")):
                continue  # its blob is encrypted already
            call = calls.get_organization(organization["id"])
            public_key = _api.ask(self._node, call)["public_key"]
            plain = Cipher(None).open(organization.get("input", ""))
            organization["input"] = self._cipher.seal(plain, public_key)
        return json.dumps(task).encode()

    def _decrypt_results(self, body: bytes) -> bytes:
        """Decrypt the results in an answer: a page of them, or a single one."""
        answer: ResultPage | Result = json.loads(body)
        results = answer["data"] if "data" in answer else [answer]  # noqa: SIM401  (two types)
        for result in results:
            if result["result"] and not result.get("blob_storage_used"):
                plain = self._cipher.open(result["result"])
                result["result"] = Cipher(None).seal(plain, None)
        return json.dumps(answer).encode()


def _is_blob_id(value: str | None) -> bool:
    """Tell a reference to a blob from an input, which is base64."""
    try:
        uuid.UUID(value or "")
    except ValueError:
        return False
    return True


class _Handler(BaseHTTPRequestHandler):
    """One connection of an algorithm to the proxy."""

    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer leave together
    timeout = 60.0

    def __init__(
        self, proxy: Proxy, request: socket.socket, address: tuple[str, int], server: BaseServer
    ) -> None:
        self._proxy = proxy
        super().__init__(request, address, server)  # the base handles the request right there

    def _handle(self) -> None:
        """Answer with what the server answers, or with what went wrong here."""
        body = self._read_body()
        names = ("Authorization", "Content-Type", "X-Public-Key")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        try:
            status, answer = self._proxy.forward(self.command, self.path, headers, body)
        except Exception as error:  # whatever it is, the algorithm is to hear of it, not hang
            _log.warning("the proxy could not serve %s %s", self.command, self.path, exc_info=True)
            status, answer = 500, json.dumps({"msg": f"The node's proxy failed: {error}"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _read_body(self) -> bytes:
        """Read the body of the request, which comes at once or, if it is a blob, in pieces."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces: list[bytes] = []
        while length := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(length))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(pieces)

    # The names that the base class looks up.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Log quietly."""
        _log.debug(format, *args)
