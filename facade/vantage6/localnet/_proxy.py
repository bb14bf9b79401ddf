"""HTTP proxy between algorithms and the server, with encryption."""

# Algorithms have no keys. Their requests are forwarded with their own token; inputs of subtasks are
# encrypted here, and results are decrypted here.

import functools
import json
import logging
import secrets
import socket
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vantage6.bindings.secret import Secret
from vantage6.bindings.server import calls
from vantage6.localnet import _api
from vantage6.localnet._encryption import PayloadCodec

if TYPE_CHECKING:
    import httpx

    from vantage6.bindings.server.rows import Result, ResultPage

_log = logging.getLogger("vantage6.localnet")
_POLL_SECONDS = 0.1
_STOP_SECONDS = 5.0


class Proxy:
    """Serves the algorithms of all nodes on one loopback port, each under a secret path."""

    def __init__(
        self, url: str, api_path: str = _api.API_PATH, route: "type[NodeRoute] | None" = None
    ) -> None:
        self._server = _api.anonymous_client(url, api_path).get_httpx_client()
        self._route = route or NodeRoute
        self._routes: dict[str, NodeRoute] = {}
        self._listener = ThreadingHTTPServer((_api.HOST, 0), functools.partial(_Handler, self))
        self._listener.daemon_threads = True
        self.port = self._listener.server_port
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=[_POLL_SECONDS], name="localnet-proxy"
        )
        self._thread.daemon = True
        self._thread.start()

    def add_node(self, client: "httpx.Client", codec: PayloadCodec) -> str:
        """Register a node, and return the secret API path for its algorithms."""
        secret = Secret(secrets.token_urlsafe(32))
        self._routes[secret] = self._route(self._server, client, codec)
        return Secret(f"/{secret}")

    def find_route(self, path: str) -> "tuple[NodeRoute | None, str]":
        """Return the node of a request, and the path relative to the server's API."""
        _, secret, rest = [*path.split("/", 2), "", ""][:3]
        return self._routes.get(secret), f"/{rest}"

    def stop(self) -> None:
        """Stop the proxy."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join(_STOP_SECONDS)
        self._server.close()


class NodeRoute:
    """Forwards the requests of one node's algorithms."""

    payload_key = "input"  # of what is sent to an organization

    def __init__(self, server: "httpx.Client", node: "httpx.Client", codec: PayloadCodec) -> None:
        self._server = server
        self._node = node
        self._codec = codec

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Forward a request; the path is relative to the server's API."""
        resource = urlsplit(path).path.strip("/").split("/")
        if resource[0] == "blobstream" and resource[1:] != ["status"]:
            return self._forward_blob(method, path, headers, body)
        if self._codec.is_encrypted and (method, resource) == ("POST", ["task"]):
            body = self._encrypt_inputs(body)
        response = self._server.request(method, path, headers=headers, content=body)
        if self._codec.is_encrypted and response.is_success and resource[0] == "result":
            return response.status_code, self._decrypt_results(response.content)
        return response.status_code, response.content

    def _forward_blob(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Forward a blob: the input of a subtask, or the result of one."""
        if method == "POST":
            public_key = headers.pop("X-Public-Key", None)
            body = self._codec.encode_blob(body, public_key)
        content = _api.chunks(body) if method == "POST" else None
        headers = {**headers, **_api.CLOSE_CONNECTION}
        response = self._server.request(method, path, headers=headers, content=content)
        if method == "GET" and response.is_success:
            return response.status_code, self._codec.decode_blob(response.content)
        return response.status_code, response.content

    def _encrypt_inputs(self, body: bytes) -> bytes:
        """Encrypt the inputs in the body of a new task."""
        task: dict[str, list[dict[str, Any]]] = json.loads(body)
        for organization in task["organizations"]:
            payload: str = organization.get(self.payload_key) or ""
            if _is_blob_id(payload):
                continue  # the blob is already encrypted
            call = calls.get_organization(organization["id"])
            public_key = _api.send(self._node, call)["public_key"]
            plain = PayloadCodec(None).decode(payload)
            organization[self.payload_key] = self._codec.encode(plain, public_key)
        return json.dumps(task).encode()

    def _decrypt_results(self, body: bytes) -> bytes:
        """Decrypt the results in a response: a page or a single result."""
        document: ResultPage | Result = json.loads(body)
        results = document["data"] if "data" in document else [document]  # noqa: SIM401  (two types)
        for result in results:
            if result["result"] and not result.get("blob_storage_used"):
                plain = self._codec.decode(result["result"])
                result["result"] = PayloadCodec(None).encode(plain, None)
        return json.dumps(document).encode()


def _is_blob_id(value: str | None) -> bool:
    """Return whether a value is a blob id rather than a base64 input."""
    try:
        uuid.UUID(value or "")
    except ValueError:
        return False
    return True


class _Handler(BaseHTTPRequestHandler):
    """Handles the requests of one connection."""

    disable_nagle_algorithm = True
    wbufsize = -1  # send head and body of a response together
    timeout = 60.0

    def __init__(
        self, proxy: Proxy, request: socket.socket, address: tuple[str, int], server: BaseServer
    ) -> None:
        self._proxy = proxy
        super().__init__(request, address, server)  # the base class handles the request here

    def _handle(self) -> None:
        """Send the server's response, or status 500 if forwarding fails."""
        route, path = self._proxy.find_route(self.path)
        if route is None:
            self.send_error(404)
            return
        body = self._read_body()
        names = ("Authorization", "Content-Type", "X-Public-Key")
        headers = {name: self.headers[name] for name in names if name in self.headers}
        try:
            status, content = route.forward(self.command, path, headers, body)
        except Exception as error:  # the algorithm must get a response, not hang
            _log.warning("node proxy: cannot forward %s %s", self.command, path, exc_info=True)
            message = f"node proxy: cannot forward the request: {error}"
            status, content = 500, json.dumps({"msg": message}).encode()
        _log.debug("node proxy: %s %s: status %s", self.command, path, status)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _read_body(self) -> bytes:
        """Read the request body, chunked or of known length."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces: list[bytes] = []
        while length := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(length))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # skip the trailers
        return b"".join(pieces)

    # Method names that the base class looks up.
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing, because request lines contain the secret path."""
