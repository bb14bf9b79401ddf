"""HTTP and SOCKS proxies on loopback, and TLS in front of a server."""

import ipaddress
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.support.raw_server import raw_server


def pump(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes from one socket to the other until the end."""
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def pass_on(one: socket.socket, other: socket.socket) -> None:
    """Copy bytes in both directions until one side ends."""
    back = threading.Thread(target=pump, args=(other, one), daemon=True)
    back.start()
    pump(one, other)
    back.join()


def take_turns(one: socket.socket, other: socket.socket) -> None:
    """Copy bytes in both directions in one thread, until both sides end.

    TLS sockets must not be read and written at the same time.
    """
    with selectors.DefaultSelector() as selector:
        for source, target in ((one, other), (other, one)):
            selector.register(source, selectors.EVENT_READ, (source, target))
        while selector.get_map():
            for key, _ in selector.select():
                if not _pass_some(*key.data):
                    selector.unregister(key.fileobj)


def _pass_some(source: socket.socket, target: socket.socket) -> bool:
    """Copy the available bytes; return whether more may follow."""
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
            if not (isinstance(source, ssl.SSLSocket) and source.pending()):
                return True
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
    return False


def forward_to_port(port: int) -> Callable[[socket.socket], None]:
    """Forward each connection to a local port."""

    def serve(near: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as far:
            take_turns(near, far)

    return serve


@dataclass
class Proxy:
    """Port of a proxy, and the requests to it."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)


def _read_head(near: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        more = near.recv(1)
        if not more:
            break
        head += more
    return head


def _read_body(near: socket.socket, lines: list[str]) -> bytes:
    body, left = b"", 0
    for line in lines:
        if line.lower().startswith("content-length:"):
            left = int(line.split(":")[1])
    while len(body) < left and (more := near.recv(left - len(body))):
        body += more
    return body


@contextmanager
def http_proxy(port: int, refusal: bytes = b"") -> Iterator[Proxy]:
    """Serve CONNECT and plain requests; every host resolves to one local port."""
    proxy = Proxy()

    def hear(near: socket.socket) -> tuple[str, list[str]]:
        first, *lines = _read_head(near).decode().split("\r\n")
        if first:
            proxy.asked.append(first.rsplit(" ", 1)[0])
        proxy.credentials += [one for one in lines if one.lower().startswith("proxy-auth")]
        return first, lines

    def refuse(near: socket.socket) -> None:  # regardless of whether a server listens
        hear(near)
        near.sendall(b"HTTP/1.1 " + refusal + b"\r\nContent-Length: 0\r\n\r\n")

    def serve(near: socket.socket) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as far:
            back = threading.Thread(target=pump, args=(far, near), daemon=True)
            while (heard := hear(near))[0]:
                first, lines = heard
                if first.startswith("CONNECT"):
                    near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                    pass_on(near, far)
                    return
                method, url, version = first.split(" ")
                path = "/" + url.split("/", 3)[3]
                far.sendall("\r\n".join([f"{method} {path} {version}", *lines]).encode())
                far.sendall(_read_body(near, lines))
                if not back.is_alive():
                    back.start()
            with suppress(OSError):
                far.shutdown(socket.SHUT_RDWR)
            if back.is_alive():
                back.join()  # before the number of its socket is free for the next one

    with raw_server(refuse if refusal else serve) as seen:
        proxy.port = seen.port
        yield proxy


@contextmanager
def socks_proxy(port: int) -> Iterator[Proxy]:
    """Serve SOCKS 5, with any login or none; every host resolves to one local port."""
    proxy = Proxy()

    def serve(near: socket.socket) -> None:
        _, methods = near.recv(2)
        method = max(near.recv(methods))
        near.sendall(bytes([5, method]))
        if method == 2:
            near.recv(1)
            user, word = (near.recv(near.recv(1)[0]).decode() for _ in range(2))
            proxy.credentials.append(f"{user}:{word}")
            near.sendall(b"\x01\x00")
        _, _, _, kind = near.recv(4)
        if kind == 3:
            host = near.recv(near.recv(1)[0]).decode()
        else:
            host = str(ipaddress.ip_address(near.recv(4)))
        proxy.asked.append(f"{host}:{int.from_bytes(near.recv(2), 'big')}")
        near.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        with socket.create_connection(("127.0.0.1", port)) as far:
            pass_on(near, far)

    with raw_server(serve) as seen:
        proxy.port = seen.port
        yield proxy
