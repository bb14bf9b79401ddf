"""Hold the Socket.IO connections of the nodes, and relay their events."""

# Reads one JSON message per line: {"type": "connect", "node", "url", "token"}, {"type":
# "renew", "node", "token"}, {"type": "disconnect", "node"} or {"type": "emit", "node", "event",
# "data", "receipt"}. Prints {"node", "event", "data"} for each event received, and {"receipt"} when
# the server has handled an event with a receipt. Ends when its input ends; the nodes are then
# offline.

import importlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, TypedDict

NAMESPACE = "/tasks"
# The server marks a node as offline after 65 seconds without a ping. Real nodes ping once a minute;
# on a busy machine, a margin of five seconds is too small.
_PING_SECONDS = 20.0
# Delay before reconnecting after a failed connection.
_RECONNECT_SECONDS = 1.0
_OPENING_SECONDS = 10.0


class Message(TypedDict):
    """A message from the parent; the keys depend on the type."""

    type: Literal["connect", "renew", "disconnect", "emit"]
    node: int
    url: str
    token: str
    event: str
    data: object
    receipt: int | None


class NodeConnection:
    """Socket.IO connection of a node, reopened whenever it ends."""

    # python-socketio's own reconnection is unreliable if a connection ends while it is being
    # opened. The library is in the environment only, not in the SDK, so it has no types here.

    def __init__(
        self, library: Any, url: str, token: str, on_event: Callable[[str, object], None]
    ) -> None:
        self._library, self._url, self._on_event = library, url, on_event
        self._headers = {"Authorization": f"Bearer {token}"}
        self._closed = threading.Event()
        self._client: Any = self._create_client()
        threading.Thread(target=self._connect_forever, daemon=True).start()

    def renew(self, token: str) -> None:
        """Reconnect with a new token."""
        self._headers = {"Authorization": f"Bearer {token}"}
        self._client.disconnect()

    def close(self) -> None:
        """Close the connection permanently."""
        self._closed.set()
        self._client.disconnect()

    def emit(self, event: str, data: object, confirm: Callable[..., None] | None) -> bool:
        """Emit an event; return whether the node was connected."""
        client = self._client
        try:
            client.emit(event, data, namespace=NAMESPACE, callback=confirm)
        except self._library.exceptions.BadNamespaceError:
            return False
        return client.eio.state == "connected"

    def _create_client(self) -> Any:
        """Create a client for one connection."""
        client = self._library.Client(reconnection=False, logger=False, engineio_logger=False)
        opened = threading.Event()

        def forward(event: str, data: object = None) -> None:
            # The library handles events in parallel: the first may arrive before the connection can
            # be used.
            opened.wait(_OPENING_SECONDS)
            self._on_event(event, data)

        client.on("connect", opened.set, namespace=NAMESPACE)
        client.on("*", forward, namespace=NAMESPACE)
        return client

    def _connect_forever(self) -> None:
        """Connect, and reconnect whenever the connection ends."""
        while not self._closed.is_set():
            try:
                self._client.connect(
                    self._url,
                    headers=self._headers,
                    namespaces=[NAMESPACE],
                    transports=["websocket"],
                    wait=False,  # however long the server takes
                )
                if self._closed.is_set():
                    self._client.disconnect()
                self._client.wait()  # returns shortly after the connection ends
            except Exception as error:  # from any of three libraries
                sys.stderr.write(f"no connection: {type(error).__name__}: {error}\n")
                self._closed.wait(_RECONNECT_SECONDS)
            self._client = self._create_client()


class Relay:
    """The connections of all nodes, by node id."""

    def __init__(self, output_fd: int) -> None:
        self._output = os.fdopen(output_fd, "w", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        self._library: Any = importlib.import_module("socketio")
        self._connections: dict[int, NodeConnection] = {}

    def serve(self) -> None:
        """Handle messages from the parent until its pipe closes."""
        threading.Thread(target=self._ping_forever, daemon=True).start()
        for line in sys.stdin:
            message: Message = json.loads(line)
            if message["type"] == "connect":
                self._connect(message["node"], message["url"], message["token"])
            elif message["type"] == "renew":
                self._connections[message["node"]].renew(message["token"])
            elif message["type"] == "disconnect":
                self._connections[message["node"]].close()
            else:
                self._emit(message["node"], message["event"], message["data"], message["receipt"])

    def _connect(self, node: int, url: str, token: str) -> None:
        """Connect a node and keep it connected."""

        def forward(event: str, data: object) -> None:
            self._send({"node": node, "event": event, "data": data})

        self._connections[node] = NodeConnection(self._library, url, token, forward)

    def _emit(self, node: int, event: str, data: object, receipt: int | None) -> None:
        """Emit an event as a node."""

        def confirm(*_: object) -> None:
            self._send({"receipt": receipt})

        callback = None if receipt is None else confirm
        if not self._connections[node].emit(event, data, callback) and receipt is not None:
            confirm()

    def _ping_forever(self) -> None:
        """Send pings, so that the server keeps the nodes online."""
        while True:
            time.sleep(_PING_SECONDS)
            for node in list(self._connections):
                self._emit(node, "ping", None, None)

    def _send(self, message: dict[str, object]) -> None:
        """Send a message to the parent."""
        with self._lock:
            self._output.write(json.dumps(message) + "\n")


def main() -> None:
    """Separate messages from library output, then serve."""
    output_fd = os.dup(1)
    os.dup2(2, 1)
    Relay(output_fd).serve()
    os._exit(0)  # do not wait for the threads of connections whose server is stopping


if __name__ == "__main__":
    main()
