"""A server on loopback that responds as a test defines."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import Any
from urllib.parse import parse_qsl


def token(issued: float, expires: float, subject: int = 7, mark: str = "") -> str:
    """Return an access token without a valid signature."""
    payload = {"sub": subject, "iat": issued, "exp": expires, "mark": mark}
    return f"head.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode()}.signature"


@dataclass
class Request:
    """A request that arrived."""

    method: str
    path: str
    authorization: str | None
    body: Any
    server_url: str | None = None


# Status, body (JSON unless bytes) and further headers.
Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]]
# Makes tokens some seconds older.
PassTime = Callable[[float], None]


@dataclass
class ScriptedServer:
    """The received requests, and the function that responds."""

    port: int
    reply: Callable[[Request], Reply] = lambda _: (404, b"<html>not here</html>")
    seen: list[Request] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    @property
    def paths(self) -> list[str]:
        """Return methods and paths of the requests."""
        return [f"{request.method} {request.path}" for request in self.seen]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise each body waits 40 ms behind its headers
    script: ScriptedServer

    def answer(self) -> None:
        if self.path.startswith("/socket.io/"):
            self.send_error(404)  # no events: clients have to poll
            return
        length = int(self.headers.get("content-length", 0))
        content = self.rfile.read(length)
        is_form = self.headers.get_content_type() == "application/x-www-form-urlencoded"
        body: Any = dict(parse_qsl(content.decode())) if is_form else json.loads(content or b"null")
        if self.headers["transfer-encoding"] == "chunked":
            body = list(iter(self.read_piece, b""))
        request = Request(
            self.command, self.path, self.headers["authorization"], body, self.headers["server-url"]
        )
        self.script.seen.append(request)
        self.script.connections.add(self.client_address)
        status, content, *more = self.script.reply(request)
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response_only(status)
        usual = {"content-length": str(len(data)), "date": self.date_time_string()}
        for name, value in {**usual, **(more[0] if more else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):  # the client has gone before a late response
            self.wfile.write(data)

    def read_piece(self) -> bytes:
        """Read one chunk of a body; the last one is empty."""
        length = int(self.rfile.readline(), 16)
        return self.rfile.read(length + 2)[:length]

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: Any) -> None:
        """Ignore log messages."""


@contextmanager
def scripted_server(kind: type[Handler] = Handler) -> Iterator[ScriptedServer]:
    """Run a scripted server."""
    handler = type("ScriptedHandler", (kind,), {})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    httpd.daemon_threads = True
    script = handler.script = ScriptedServer(httpd.server_address[1])
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield script
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def page(rows: list[dict[str, Any]], number: int, per_page: int) -> Reply:
    """Return one page of rows as the server does."""
    start = (number - 1) * per_page
    links = {"first": "/x?page=1", "self": f"/x?page={number}", "last": "/x?page=9"}
    if start + per_page < len(rows):
        links["next"] = f"/x?page={number + 1}"
    body = {"data": rows[start : start + per_page], "links": links}
    return 200, body, {"total-count": str(len(rows))}


def with_login(
    others: Callable[[Request], Reply], lives: Iterable[float] = ()
) -> Callable[[Request], Reply]:
    """Respond to logins and refreshes with new tokens, and to the rest by another function.

    The tokens are valid for the given seconds, one after the other, then for an hour each.
    """
    count = iter(range(1, 1000))
    seconds = chain(lives, repeat(3600))

    def reply(request: Request) -> Reply:
        if request.path in ("/api/token/user", "/api/token/refresh"):
            now, number = time.time(), next(count)
            access = token(now, now + next(seconds), mark=f"access-{number}")
            tokens = {"access_token": access, "refresh_token": f"refresh-{number}"}
            return 200, {**tokens, "refresh_url": "/api/token/refresh", "user_url": "/api/user/7"}
        if request.path == "/api/user/7":
            return 200, {"id": 7, "firstname": "Ada", "organization": {"id": 3}}
        if (request.method, request.path) == ("GET", "/api/organization/3"):
            return 200, {"id": 3, "name": "IKNL", "public_key": ""}
        if request.path == "/api/blobstream/status":
            return 200, {"blob_store_enabled": False}
        return others(request)

    return reply
