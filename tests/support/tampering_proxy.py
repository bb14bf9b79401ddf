"""A liar between client and server: passes everything on, but for what it is told to alter."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx

# Gets the path of a request and the decoded answer, and alters the answer in place.
Lie = Callable[[str, Any], None]


@dataclass
class Liar:
    """Where it listens, what it says, and what went through it."""

    port: int
    lie: Lie | None = None
    # What becomes of the answer to the creation of a task: "cut", "late", or the status instead.
    task_answer: str | int | None = None
    tasks: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def lying(server_port: int) -> Iterator[Liar]:
    """Stand between a client and the server on this port."""
    upstream = httpx.Client(base_url=f"http://127.0.0.1:{server_port}", timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = urlsplit(self.path).path
            liar.paths.append(path)
            is_task = (self.command, path) == ("POST", "/api/task")
            if is_task:
                liar.tasks.append(json.loads(body))
            names = ("authorization", "content-type")
            headers = {name: self.headers[name] for name in names if name in self.headers}
            response = upstream.request(self.command, self.path, headers=headers, content=body)
            if is_task and liar.task_answer:
                self.close_connection = True
                if liar.task_answer == "late":
                    self.connection.settimeout(60)
                    self.connection.recv(1)  # until the client has given up and is gone
                elif isinstance(liar.task_answer, int):
                    self.send_error(liar.task_answer)
                return
            said = response.json()
            if liar.lie:
                liar.lie(path, said)
            data = json.dumps(said).encode()
            self.send_response(response.status_code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    liar = Liar(httpd.server_address[1])
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield liar
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
        upstream.close()


def swap_key(organization: int, public_key: str) -> Lie:
    """Give another public key for an organization, wherever it is spoken of."""

    def lie(path: str, said: Any) -> None:
        if path.startswith("/api/organization"):
            for row in said.get("data", [said]):
                if row["id"] == organization:
                    row["public_key"] = public_key

    return lie


def deny_encryption(path: str, said: Any) -> None:
    """Call each collaboration plain."""
    if path.startswith("/api/collaboration"):
        for row in said.get("data", [said]):
            row["encrypted"] = False
