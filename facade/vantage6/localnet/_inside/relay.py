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
from typing import Any, Literal, TypedDict

NAMESPACE = "/tasks"
# The server calls a node offline that it has not heard of for a little longer than a minute.
_PING_SECONDS = 60.0


class Message(TypedDict):
    """What the parent asks for; the members depend on the type."""

    type: Literal["connect", "disconnect", "emit"]
    node: int
    url: str
    token: str
    event: str
    data: object
    receipt: int | None


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
        # python-socketio is in the environment of the local network, not in the SDK's: no types.
        self._library: Any = importlib.import_module("socketio")
        self._clients: dict[int, Any] = {}

    def serve(self) -> None:
        """Do what the parent asks until it is gone."""
        threading.Thread(target=self._ping_forever, daemon=True).start()
        for line in sys.stdin:
            message: Message = json.loads(line)
            if message["type"] == "connect":
                self._connect(message["node"], message["url"], message["token"])
            elif message["type"] == "disconnect":
                self._clients[message["node"]].disconnect()
            else:
                self._emit(message["node"], message["event"], message["data"], message["receipt"])

    def _connect(self, node: int, url: str, token: str) -> None:
        """Connect a node, and keep it connected."""
        client = self._clients[node] = self._library.Client(logger=False, engineio_logger=False)

        def forward(event: str, data: object = None) -> None:
            self._say({"node": node, "event": event, "data": data})

        client.on("*", forward, namespace=NAMESPACE)
        headers = {"Authorization": f"Bearer {token}"}
        client.connect(
            url, headers=headers, namespaces=[NAMESPACE], transports=["websocket"], retry=True
        )

    def _emit(self, node: int, event: str, data: object, receipt: int | None) -> None:
        """Send an event in the name of a node; one that is not connected has nobody to tell."""

        def confirm(*_: object) -> None:
            self._say({"receipt": receipt})

        client = self._clients[node]
        if NAMESPACE in client.namespaces:
            callback = None if receipt is None else confirm
            client.emit(event, data, namespace=NAMESPACE, callback=callback)
        elif receipt is not None:
            confirm()

    def _ping_forever(self) -> None:
        """Keep telling the server that the nodes are there."""
        while True:
            time.sleep(_PING_SECONDS)
            for node in list(self._clients):
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
