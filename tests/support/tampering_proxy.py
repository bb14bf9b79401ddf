"""A proxy between client and server that alters selected responses."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx

# Receives the path of a request and the decoded response, and alters the response in place.
Tamper = Callable[[str, Any], None]


@dataclass
class TamperingProxy:
    """The state of the proxy: its port, alterations, and the requests so far."""

    port: int
    tamper: Tamper | None = None
    # The response to the creation of a task: "cut", "late", or another status.
    task_response: str | int | None = None
    tasks: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def tampering_proxy(server_port: int) -> Iterator[TamperingProxy]:
    """Run a proxy in front of the server on this port."""
    upstream = httpx.Client(base_url=f"http://127.0.0.1:{server_port}", timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = urlsplit(self.path).path
            proxy.paths.append(path)
            is_task = (self.command, path) == ("POST", "/api/task")
            if is_task:
                proxy.tasks.append(json.loads(body))
            names = ("authorization", "content-type")
            headers = {name: self.headers[name] for name in names if name in self.headers}
            response = upstream.request(self.command, self.path, headers=headers, content=body)
            if is_task and proxy.task_response:
                self.close_connection = True
                if proxy.task_response == "late":
                    self.connection.settimeout(60)
                    self.connection.recv(1)  # until the client has disconnected
                elif isinstance(proxy.task_response, int):
                    self.send_error(proxy.task_response)
                return
            said = response.json()
            if proxy.tamper:
                proxy.tamper(path, said)
            data = json.dumps(said).encode()
            self.send_response(response.status_code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = answer  # noqa: N815 - the base class's names

        def log_message(self, format: str, *args: Any) -> None:
            """Ignore log messages."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    proxy = TamperingProxy(httpd.server_address[1])
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
        upstream.close()


def replace_public_key(organization: int, public_key: str) -> Tamper:
    """Return an alteration that replaces the public key of an organization."""

    def tamper(path: str, said: Any) -> None:
        if path.startswith("/api/organization"):
            for row in said.get("data", [said]):
                if row["id"] == organization:
                    row["public_key"] = public_key

    return tamper


def hide_encryption(path: str, said: Any) -> None:
    """Report every collaboration as unencrypted."""
    if path.startswith("/api/collaboration"):
        for row in said.get("data", [said]):
            row["encrypted"] = False
