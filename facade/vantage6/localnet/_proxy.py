"""A node's HTTP proxy: the only way from an algorithm to the server, and where encryption happens.

An algorithm knows no keys. What it asks goes on to the server with its own token; the input of the
tasks it creates is encrypted here, and the results it asks for are decrypted here.
"""

import functools
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vantage6.bindings.server.api.organization import get_organization
from vantage6.bindings.server.client import AuthenticatedClient
from vantage6.localnet import _api
from vantage6.localnet._cipher import Cipher

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Result, ResultPage, TaskInput

_log = logging.getLogger("vantage6.localnet")
_STOP_SECONDS = 5.0


class Proxy:
    """Serve the algorithms of one node, on a loopback port of its own.

    Parameters
    ----------
    url : str
        The server's URL.
    node : AuthenticatedClient
        The node's own client, to look up public keys with.
    cipher : Cipher
        The wire format of the node's organization.

    Examples
    --------
    >>> proxy = Proxy("http://127.0.0.1:7601", client, Cipher(None))  # doctest: +SKIP
    >>> proxy.port  # doctest: +SKIP
    54321
    """

    def __init__(self, url: str, node: AuthenticatedClient, cipher: Cipher) -> None:
        self._server = _api.anonymous(url).get_httpx_client()
        self._node = node
        self._cipher = cipher
        self._listener = ThreadingHTTPServer((_api.HOST, 0), functools.partial(_Handler, self))
        self._listener.daemon_threads = True
        self.port = self._listener.server_port
        self._thread = threading.Thread(
            target=self._listener.serve_forever, name="localnet-proxy", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join(_STOP_SECONDS)
        self._server.close()

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Pass a request of an algorithm on to the server.

        Parameters
        ----------
        method, path : str
            The request line; the path as the server has it below its API path.
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
        resource = urlsplit(path).path.strip("/").split("/")
        if self._cipher.encrypts and (method, resource) == ("POST", ["task"]):
            body = self._encrypt_inputs(body)
        response = self._server.request(method, path, headers=headers, content=body)
        if self._cipher.encrypts and response.is_success and resource[0] == "result":
            return response.status_code, self._decrypt_results(response.content)
        return response.status_code, response.content

    def _encrypt_inputs(self, body: bytes) -> bytes:
        """Encrypt each organization's input in the body of a new task."""
        task: TaskInput = json.loads(body)
        for organization in task["organizations"]:
            response = get_organization.sync_detailed(organization["id"], client=self._node)
            public_key = _api.answer(response).public_key
            plain = Cipher(None).open(organization.get("input", ""))
            organization["input"] = self._cipher.seal(plain, public_key)
        return json.dumps(task).encode()

    def _decrypt_results(self, body: bytes) -> bytes:
        """Decrypt the results in an answer: a page of them, or a single one."""
        answer: ResultPage | Result = json.loads(body)
        for result in answer["data"] if "data" in answer else [answer]:
            if result["result"]:
                plain = self._cipher.open(result["result"])
                result["result"] = Cipher(None).seal(plain, None)
        return json.dumps(answer).encode()


class _Handler(BaseHTTPRequestHandler):
    """One connection of an algorithm to its node's proxy."""

    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer leave together
    timeout = 60.0

    def __init__(self, proxy: Proxy, *arguments: object) -> None:
        self._proxy = proxy
        super().__init__(*arguments)  # the base handles the request in its constructor

    def _handle(self) -> None:
        """Answer with what the server answers, or with what went wrong here."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        names = ("Authorization", "Content-Type")
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

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def log_message(self, format: str, *args: object) -> None:
        """Log quietly."""
        _log.debug(format, *args)
