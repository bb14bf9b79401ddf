"""Servers on loopback that send any bytes at any pace."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Serve = Callable[[socket.socket], None]


@dataclass
class RawServer:
    """Port, connections and end of a raw server."""

    port: int
    connections: list[float] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


def read_request(connection: socket.socket) -> bytes:
    """Read a request, including its body if it has a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def shake(connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Do the TLS handshake; a rejected client gets an alert before the connection ends."""
    secure = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
    try:
        secure.do_handshake()
    except ssl.SSLError:
        with secure, suppress(OSError):
            secure.settimeout(1)
            while socket.socket.recv(secure, 65536):
                pass
        raise
    return secure


@contextmanager
def raw_server(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """Serve each connection in its own thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen = RawServer(listener.getsockname()[1])

    def take(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if context:
                connection = shake(connection, context)
            with connection:
                serve(connection)

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            seen.connections.append(0.0)
            threading.Thread(target=take, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        seen.ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()  # before its number is free for the next socket
        listener.close()


def send_slowly(data: bytes, seconds: float) -> Serve:
    """Send a response byte by byte."""

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        pause = threading.Event()
        for byte in data:
            connection.sendall(bytes([byte]))
            pause.wait(seconds)

    return serve
