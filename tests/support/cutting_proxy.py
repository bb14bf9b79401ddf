"""A proxy on loopback that cuts connections, or blocks those for events."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.proxies import pass_on


class CuttingProxy:
    """Forwards connections until it cuts them."""

    def __init__(self, port: int, *, events: bool = True) -> None:
        self._target, self._events = port, events
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.cuts = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def cut(self) -> None:
        """Cut all open connections; new ones are accepted."""
        self.cuts += len(self._open) // 2
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def stop(self) -> None:
        """Cut all connections, and stop listening."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()  # otherwise it may continue with another socket of the same number
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[near], daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            first = near.recv(1 << 16)
            if b"/socket.io/" in first.split(b"\r\n", 1)[0] and not self._events:
                return
            with socket.create_connection(("127.0.0.1", self._target)) as far:
                self._open += [near, far]
                far.sendall(first)
                pass_on(near, far)


@contextmanager
def cutting_proxy(port: int, *, events: bool = True) -> Iterator[CuttingProxy]:
    """Run a proxy in front of the server on this port."""
    cutter = CuttingProxy(port, events=events)
    try:
        yield cutter
    finally:
        cutter.stop()
