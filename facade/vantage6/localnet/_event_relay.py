"""Socket.IO connections of the nodes, held by a script in the environment."""

import itertools
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from vantage6.localnet._processes import Message, ScriptProcess

_log = logging.getLogger("vantage6.localnet")

_RECEIPT_SECONDS = 5.0

# Called with the name and the data of an event.
EventHandler = Callable[[str, object], None]


class EventRelay:
    """Connects nodes to the server's events."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.log = folder / "event_relay.log"
        self._handlers: dict[int, EventHandler] = {}
        self._receipts = itertools.count(1)
        self._pending_receipts: dict[int, threading.Event] = {}
        self._script_process = ScriptProcess(
            python, "event_relay.py", self.log, on_message=self._dispatch
        )

    def connect(self, node: int, url: str, token: str, handler: EventHandler) -> None:
        """Connect a node and keep it connected; the callback must return quickly."""
        self._handlers[node] = handler
        self._script_process.send({"type": "connect", "node": node, "url": url, "token": token})

    def renew(self, node: int, token: str) -> None:
        """Reconnect a node with a new token."""
        self._script_process.send({"type": "renew", "node": node, "token": token})

    def disconnect(self, node: int) -> None:
        """Disconnect a node."""
        self._script_process.send({"type": "disconnect", "node": node})

    def emit(
        self, node: int, event: str, data: object, *, wait_until_handled: bool = False
    ) -> None:
        """Emit an event as a node; optionally wait until the server has handled it."""
        receipt = next(self._receipts) if wait_until_handled else None
        handled = threading.Event()
        if receipt is not None:
            self._pending_receipts[receipt] = handled
        self._script_process.send(
            {"type": "emit", "node": node, "event": event, "data": data, "receipt": receipt}
        )
        if receipt is not None:
            handled.wait(_RECEIPT_SECONDS)
            del self._pending_receipts[receipt]

    def stop(self) -> None:
        """Disconnect all nodes."""
        self._script_process.stop()

    def _dispatch(self, message: Message) -> None:
        """Pass an event to its node, or resolve a receipt."""
        match message:
            case {"receipt": int(receipt)}:
                if handled := self._pending_receipts.get(receipt):
                    handled.set()
            case {"node": int(node), "event": str(event), "data": data}:
                self._handlers[node](event, data)
            case _:
                _log.warning("unexpected message from the event relay: %s", message)
