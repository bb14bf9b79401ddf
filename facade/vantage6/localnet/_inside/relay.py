"""Hold the nodes' socket.io connections: what makes a node appear online and hear of tasks at once.

Reads one JSON message per line, ``{"type": "connect", "node", "url", "token"}``, ``{"type":
"disconnect", "node"}`` or ``{"type": "emit", "node", "event", "data", "receipt"}``; prints
``{"node", "event", "data"}`` for each event that a connection receives, and ``{"receipt"}`` when
the server has handled an event that asked for one. When its input ends, it ends too, and the nodes
are offline.
"""

import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, TypedDict

NAMESPACE = "/tasks"
# The server calls a node offline that it has not heard of for 65 seconds. Real nodes speak up once
# a minute; on a busy machine, five seconds are no margin.
_PING_SECONDS = 20.0
# How long after an attempt to connect that failed the next one is made.
_PAUSE_SECONDS = 1.0
_OPENING_SECONDS = 10.0


class Message(TypedDict):
    """What the parent asks for; the members depend on the type."""

    type: Literal["connect", "disconnect", "emit"]
    node: int
    url: str
    token: str
    event: str
    data: object
    receipt: int | None


class Line:
    """The connection of a node: whenever it ends, in whatever way, another one is made.

    The library's own way of connecting again goes by what it knows of a connection, and that is
    wrong for one that ends while it is opened.

    Parameters
    ----------
    library : module
        python-socketio, which is in the environment of the local network, not in the SDK's: it has
        no types here.
    url, token : str
        Where the server is, and what the node shows it.
    hear : callable
        Called with the name and the data of each event.
    """

    def __init__(
        self, library: Any, url: str, token: str, hear: Callable[[str, object], None]
    ) -> None:
        self._library, self._url, self._hear = library, url, hear
        self._headers = {"Authorization": f"Bearer {token}"}
        self._left = threading.Event()
        self._client: Any = self._make()
        threading.Thread(target=self._hold, daemon=True).start()

    def close(self) -> None:
        """End the connection, for good."""
        self._left.set()
        self._client.disconnect()

    def emit(self, event: str, data: object, confirm: Callable[..., None] | None) -> bool:
        """Send an event; tell whether there was a connection to send it by."""
        client = self._client
        try:
            client.emit(event, data, namespace=NAMESPACE, callback=confirm)
        except self._library.exceptions.BadNamespaceError:
            return False
        return client.eio.state == "connected"

    def _make(self) -> Any:
        """Make a client of the library, for one connection."""
        client = self._library.Client(reconnection=False, logger=False, engineio_logger=False)
        opened = threading.Event()

        def forward(event: str, data: object = None) -> None:
            # The library handles all that it receives side by side: the first event might come
            # before there is a way to answer it.
            opened.wait(_OPENING_SECONDS)
            self._hear(event, data)

        client.on("connect", opened.set, namespace=NAMESPACE)
        client.on("*", forward, namespace=NAMESPACE)
        return client

    def _hold(self) -> None:
        """Connect, and again whenever the connection has ended."""
        while not self._left.is_set():
            try:
                self._client.connect(
                    self._url,
                    headers=self._headers,
                    namespaces=[NAMESPACE],
                    transports=["websocket"],
                    wait=False,  # for however long the server takes
                )
                if self._left.is_set():
                    self._client.disconnect()
                self._client.wait()  # until a moment after the end
            except Exception as error:  # of any of three libraries
                sys.stderr.write(f"no connection: {type(error).__name__}: {error}\n")
                self._left.wait(_PAUSE_SECONDS)
            self._client = self._make()


class Relay:
    """The connections of all nodes, by node id.

    Parameters
    ----------
    reply : int
        File descriptor for the messages to the parent.
    """

    def __init__(self, reply: int) -> None:
        self._reply = os.fdopen(reply, "w", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        self._library: Any = importlib.import_module("socketio")
        self._lines: dict[int, Line] = {}

    def serve(self) -> None:
        """Do what the parent asks until it is gone."""
        threading.Thread(target=self._ping_forever, daemon=True).start()
        for line in sys.stdin:
            message: Message = json.loads(line)
            if message["type"] == "connect":
                self._connect(message["node"], message["url"], message["token"])
            elif message["type"] == "disconnect":
                self._lines[message["node"]].close()
            else:
                self._emit(message["node"], message["event"], message["data"], message["receipt"])

    def _connect(self, node: int, url: str, token: str) -> None:
        """Connect a node, and keep it connected."""

        def forward(event: str, data: object) -> None:
            self._say({"node": node, "event": event, "data": data})

        self._lines[node] = Line(self._library, url, token, forward)

    def _emit(self, node: int, event: str, data: object, receipt: int | None) -> None:
        """Send an event in the name of a node; one that is not connected has nobody to tell."""

        def confirm(*_: object) -> None:
            self._say({"receipt": receipt})

        wanted = None if receipt is None else confirm
        if not self._lines[node].emit(event, data, wanted) and receipt is not None:
            confirm()

    def _ping_forever(self) -> None:
        """Keep telling the server that the nodes are there."""
        while True:
            time.sleep(_PING_SECONDS)
            for node in list(self._lines):
                self._emit(node, "ping", None, None)

    def _say(self, message: dict[str, object]) -> None:
        """Send a message to the parent."""
        with self._lock:
            self._reply.write(json.dumps(message) + "\n")


def main() -> None:
    """Keep the messages apart from what libraries print, then serve."""
    reply = os.dup(1)
    os.dup2(2, 1)
    Relay(reply).serve()
    os._exit(0)  # not to wait for the threads of connections whose server is going, too


if __name__ == "__main__":
    main()
