"""A server on loopback that follows the contract, except for altered responses."""

import base64
import copy
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.contract_samples import Contract, operations, samples

SERVER, STORE = Contract("server", "4.15.2"), Contract("store", "4.15.2")
BASES = {"/api": SERVER, "/store/api": STORE}
LINKS = {"first": "/api/x?page=1", "self": "/api/x?page=1", "last": "/api/x?page=1"}

# Status, headers and body of a response.
Response = tuple[int, dict[str, str], bytes]
Alteration = Callable[[Response], Response]


def token(subject: object = 7) -> str:
    """Return an access token without a valid signature."""
    payload = {"sub": subject, "iat": time.time(), "exp": time.time() + 3600}
    return f"e.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode()}.e"


def reference(id_: int) -> dict[str, Any]:
    """Return a link to a row."""
    return {"id": id_, "link": f"/api/x/{id_}", "methods": ["GET"]}


TOKENS = {"access_token": token(), "refresh_token": "refresh"}
DATA = base64.b64encode(b'{"sum": 4}').decode()
# Random sample values are replaced by consistent ones, so that calls get far.
FITTING: dict[str, dict[str, Any]] = {
    "create_user_token": TOKENS,
    "refresh_token": TOKENS,
    "get_version": {"version": "4.15.2"},
    "get_user": {"organization": reference(3)},
    "get_organization": {"public_key": ""},
    "get_collaboration": {"encrypted": False},
    "get_task": {"status": "completed", "collaboration": reference(5), "results": []},
    "get_result": {"run": reference(5), "result": DATA},
    "get_run": {"organization": reference(3), "input": DATA, "task": reference(5)},
    "get_study": {"collaboration": reference(5)},
    "get_blob_store_status": {"blob_store_enabled": False},
    "list_results": {"run": reference(5), "result": DATA, "task": reference(5)},
    "list_runs": {"organization": reference(3), "input": DATA, "status": "completed"},
    "list_tasks": {"parent": None, "status": "completed"},
}


@dataclass
class MalformedServer:
    """The state of the server.

    Attributes
    ----------
    port : int
        Port of the server.
    strange : dict of int to Alteration
        Alterations by number of the response since the last `behave`.
    """

    port: int = 0
    strange: dict[int, Alteration] = field(default_factory=dict)
    count: int = 0
    lock: Any = field(default_factory=threading.Lock)

    def behave(self, strange: dict[int, Alteration] | None = None) -> None:
        """Restart the count of responses, and alter these."""
        self.strange, self.count = strange or {}, 0

    def answer(self, method: str, target: str) -> Response:
        """Respond to a request."""
        with self.lock:
            number, self.count = self.count, self.count + 1
        path = target.split("?")[0]
        if "/blobstream/" in path and not path.endswith("status"):
            said = 200, {}, DATA.encode()
        else:
            said = self._by_contract(method, path)
        return self.strange.get(number, lambda same: same)(said)

    def _by_contract(self, method: str, path: str) -> Response:
        for base, contract in BASES.items():
            for pattern, of_method, operation, good in _routes(contract):
                if method == of_method and re.fullmatch(re.escape(base) + pattern, path):
                    body = copy.deepcopy(good)
                    if operation.name in ("get_algorithm_store", "list_algorithm_stores"):
                        row = body["data"][0] if "data" in body else body
                        row["url"] = f"http://127.0.0.1:{self.port}/store/api"
                    last = path.rsplit("/", 1)[1]
                    if last.isdecimal() and "id" in body:
                        body["id"] = int(last)
                    headers = {"total-count": "1"} if operation.name.startswith("list_") else {}
                    return operation.status, headers, json.dumps(body).encode()
        return 404, {}, b"<html>"


_known: dict[Contract, list[Any]] = {}


def _routes(contract: Contract) -> list[Any]:
    if contract not in _known:
        routes: list[Any] = []
        by_name = {one.name: one for one in operations(contract)}
        for path, methods in contract.text["paths"].items():
            for method, described in methods.items():
                if method == "parameters" or described["operationId"] not in by_name:
                    continue
                operation = by_name[described["operationId"]]
                good = _good(contract, operation.name, operation.schema)
                pattern = re.sub(r"\{\w+\}", "[^/]+", path)
                routes.append((pattern, method.upper(), operation, good))
        routes.sort(key=lambda route: "[^/]+" in route[0])
        _known[contract] = routes
    return _known[contract]


def _good(contract: Contract, name: str, schema: Any) -> Any:
    body = samples(contract, schema)[0]
    fitting = FITTING.get(name, {})
    if isinstance(body, dict) and "data" in body:
        rows = [{**row, **fitting} for row in body["data"] or _rows(contract, schema)]
        return {"data": rows[:1], "links": LINKS}
    return {**body, **fitting} if isinstance(body, dict) else body


def _rows(contract: Contract, schema: Any) -> Any:
    return samples(contract, schema)[1]["data"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    malformed_server: MalformedServer

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, headers, body = self.malformed_server.answer(self.command, self.path)
        lines = [
            f"HTTP/1.1 {status} What",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        lines.append(f"content-length: {len(body)}")
        with suppress(OSError):
            self.wfile.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: Any) -> None:
        """Ignore log messages."""


@contextmanager
def malformed_server() -> Iterator[MalformedServer]:
    """Run the server."""
    one = MalformedServer()
    handler = type("MalformedHandler", (_Handler,), {"malformed_server": one})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    httpd.daemon_threads = True
    one.port = httpd.server_address[1]
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield one
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
