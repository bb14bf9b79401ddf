"""A proxy on loopback that passes requests on, and breaks selected ones."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

Fault = Callable[["Exchange"], None]

# What makes a socket vanish with a reset in place of an orderly end.
ABRUPT = struct.pack("ii", 1, 0)
# The client asks for long pages; here, two rows are a page, so that there are several.
HOP = b"connection:"
PAGES = (b"per_page=250", b"per_page=2")
# A server that says nothing for so long, in seconds, is no server.
PATIENCE = 30


@dataclass
class Exchange:
    """A request that has come to the proxy, and what can be done about it."""

    proxy: "BreakingProxy"
    near: socket.socket
    file: BufferedReader
    head: bytes

    @property
    def line(self) -> str:
        """The method and the target, such as ``"GET /api/version"``."""
        return self.head.split(b" HTTP/", 1)[0].decode("latin-1")

    def header(self, name: str) -> str:
        """Return a header, empty if it is not there."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return ""

    def body(self) -> bytes:
        """Read the rest of the request, as it is on the wire."""
        if self.header("transfer-encoding") == "chunked":
            return b"".join(self._chunks())
        return self.file.read(int(self.header("content-length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        size = -1
        while size:
            line = self.file.readline()
            size = int(line, 16)
            yield line + self.file.read(size + 2)

    def ask(self) -> bytes:
        """Pass the request on, and return the whole answer of the server."""
        proxy = self.proxy
        data = self.head.replace(*PAGES) + self.body()
        is_to_store = bool(self.header("server-url"))
        if is_to_store:  # which knows the server by the address that it really has
            data = data.replace(b":%d/" % proxy.port, b":%d/" % proxy.target)
        proxy.reached.append(self.line)
        target = proxy.store if is_to_store else proxy.target
        with socket.create_connection(("127.0.0.1", target), PATIENCE) as far:
            far.sendall(data)
            with far.makefile("rb") as file:
                head = _head(file)
                if not head:  # the server died
                    raise ConnectionAbortedError
                answer = Exchange(proxy, far, file, head)
                # The server ends connections after a blob, though not when it is asked to.
                has_length = bool(answer.header("content-length"))
                body = answer.body() if has_length else file.read()
        if not has_length:
            head = with_length(head, len(body))
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(HOP)]
        if proxy.store:  # the client is to come by here on its way to the store, too
            body = body.replace(b":%d/" % proxy.store, b":%d/" % proxy.port)
        return b"\r\n".join(lines) + body

    def send(self, data: bytes) -> None:
        """Answer with these bytes."""
        self.near.sendall(data)

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Return an answer that the server did not give, and does not hear of."""
        self.body()
        fields = {"content_type": "application/json", "content_length": str(len(body)), **headers}
        lines = [f"HTTP/1.1 {status} Something"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def reset(self) -> None:
        """Reset the connection."""
        reset(self.near)
        raise ConnectionAbortedError

    def close(self) -> None:
        """End the connection in good order, though in the midst of things."""
        raise ConnectionAbortedError

    def wait(self, seconds: float) -> None:
        """Do nothing for a while, or until the test is over."""
        if self.proxy.is_calm.wait(seconds):
            raise ConnectionAbortedError


@dataclass
class Plan:
    """What to break: of the requests that are meant, so many, in this way."""

    fault: Fault | None = None
    is_meant: Callable[[str], bool] = lambda _: False
    times: float = float("inf")
    # So many of them are passed on before, with an answer that this alters.
    spared: int = 0
    altered: Callable[[bytes], bytes] = lambda answer: answer
    # What to do to whole connections, before a request is read on them.
    to_connections: Callable[[socket.socket], None] | None = None
    # Whether the connections there are have been ended in good order when the call begins.
    is_stale: bool = False


class BreakingProxy:
    """Where it listens, and what went through it.

    Parameters
    ----------
    target : int
        The port of the server.
    store : int
        The port of the algorithm store, if there is one.
    """

    other_host: "OtherHost | None" = None

    def __init__(self, target: int, store: int = 0) -> None:
        self.target, self.store = target, store
        self.plan = Plan()
        self.came: list[str] = []  # of what is meant, what came
        self.reached: list[str] = []  # what the server got
        self.is_calm = threading.Event()
        self.other_host = OtherHost()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def arm(self, plan: Plan) -> None:
        """Break from now on what is planned."""
        self.came, self.reached = [], []
        self.is_calm = threading.Event()
        self.plan = plan
        if plan.to_connections:
            self.cut()
        if plan.is_stale:
            self._end()

    def calm(self) -> None:
        """Break nothing any more, and end what is being broken still."""
        self.plan = Plan()
        self.is_calm.set()

    def cut(self) -> None:
        """End every connection there is, and wait until none is left."""
        until = time.monotonic() + 5
        while self._open and time.monotonic() < until:
            for near in list(self._open):
                reset(near)
            time.sleep(0.001)

    def _end(self) -> None:
        """End every connection there is in good order, and wait until none is left."""
        for near in list(self._open):
            with suppress(OSError):
                near.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + 5
        while self._open and time.monotonic() < until:
            time.sleep(0.001)

    def hurry(self) -> None:
        """End what takes too long."""
        self.calm()
        self.cut()

    def refuse(self) -> None:
        """Refuse new connections, and end the open ones."""
        self._stop_listening()
        self.cut()

    def accept(self) -> None:
        """Accept connections again."""
        self._listener = self._listen(self.port)

    def stop(self) -> None:
        """Stop listening."""
        self.calm()
        self._stop_listening()
        if self.other_host:
            self.other_host.stop()
        self.cut()

    def _stop_listening(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._taking.join()  # before its number is free for the next socket
        self._listener.close()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port))
        self._taking = threading.Thread(target=self._take, args=[listener], daemon=True)
        self._taking.start()
        return listener

    def _take(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=[near], daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        self._open.add(near)
        try:
            with near, near.makefile("rb") as file, suppress(OSError, ValueError):
                if self.plan.to_connections:
                    self.plan.to_connections(near)
                while head := _head(file):
                    self._handle(Exchange(self, near, file, head))
        finally:
            self._open.discard(near)

    def _handle(self, exchange: Exchange) -> None:
        plan = self.plan
        number = 0
        if plan.is_meant(exchange.line):
            with self._lock:
                self.came.append(exchange.line)
                number = len(self.came) - plan.spared
        if " /socket.io/" in exchange.line:
            exchange.say(404)  # the events have tests of their own
        elif plan.fault and 0 < number <= plan.times:
            plan.fault(exchange)
        else:
            is_spared = plan.spared > 0 and plan.is_meant(exchange.line) and number <= 0
            answer = exchange.ask()
            exchange.send(plan.altered(answer) if is_spared else answer)


def _head(file: BufferedReader) -> bytes:
    """Read a request up to its body; nothing when there is no more."""
    lines: list[bytes] = []
    while line := file.readline():
        lines.append(line)
        if line == b"\r\n":
            return b"".join(lines)
    return b""


def reset(near: socket.socket) -> None:
    """Reset a connection, even if other threads still hold it."""
    with suppress(OSError):
        near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPT)
        near.shutdown(socket.SHUT_RD)
        near.close()


class OtherHost:
    """Another host, which hears what comes to it and says nothing."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.2", 0))
        self.port: int = self._listener.getsockname()[1]
        self._listener.setblocking(False)

    @property
    def was_called(self) -> bool:
        """Whether anybody has come since the last time."""
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def stop(self) -> None:
        """Stop listening."""
        self._listener.close()


@contextmanager
def breaking_proxy(port: int, store: int = 0) -> Iterator[BreakingProxy]:
    """Stand between a client and a server on this port, and its store on that one."""
    proxy = BreakingProxy(port, store)
    try:
        yield proxy
    finally:
        proxy.stop()


def parts(answer: bytes) -> tuple[bytes, bytes]:
    """Part an answer into its head, with the empty line, and its body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


def with_length(head: bytes, length: int | None) -> bytes:
    """Replace the Content-Length of a response; None removes it."""
    lines: list[Any] = [
        line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length:")
    ]
    told = "Connection: close" if length is None else f"Content-Length: {length}"
    lines.insert(1, told.encode())
    return b"\r\n".join(lines)
