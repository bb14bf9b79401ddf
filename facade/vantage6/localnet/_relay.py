"""The nodes' socket.io connections, held by a process of the environment's Python."""

import itertools
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from vantage6.localnet._processes import Helper, Message

_log = logging.getLogger("vantage6.localnet")

_SETTLE_SECONDS = 5.0

Hear = Callable[[str, object], None]
"""Takes in an event, by name and data."""


class Relay:
    """Connects nodes to the server's events.

    Parameters
    ----------
    python : Path
        The environment's interpreter.
    folder : Path
        Private folder, for the relay's log.

    Examples
    --------
    >>> relay = Relay(python, folder)  # doctest: +SKIP
    >>> relay.connect(3, url, token, print)  # doctest: +SKIP
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self.log = folder / "relay.log"
        self._hearers: dict[int, Hear] = {}
        self._receipts = itertools.count(1)
        self._awaited: dict[int, threading.Event] = {}
        self._helper = Helper(python, "relay.py", self.log, on_message=self._hand_out)

    def connect(self, node: int, url: str, token: str, hear: Hear) -> None:
        """Connect a node, and keep it connected.

        Parameters
        ----------
        node : int
            Id of the node.
        url : str
            The server's URL.
        token : str
            The node's token.
        hear : callable
            Called with each event that the node receives; it has to return quickly.
        """
        self._hearers[node] = hear
        self._helper.send({"type": "connect", "node": node, "url": url, "token": token})

    def disconnect(self, node: int) -> None:
        """Disconnect a node, for good.

        Parameters
        ----------
        node : int
            Id of the node.
        """
        self._helper.send({"type": "disconnect", "node": node})

    def emit(self, node: int, event: str, data: object, *, settle: bool = False) -> None:
        """Send an event in the name of a node.

        Parameters
        ----------
        node : int
            Id of the node.
        event : str
            Name of the event.
        data : object
            What goes along, ready for JSON.
        settle : bool, default False
            Wait until the server has handled this event, and so those of the node before it.
        """
        receipt = next(self._receipts) if settle else None
        handled = threading.Event()
        if receipt is not None:
            self._awaited[receipt] = handled
        self._helper.send(
            {"type": "emit", "node": node, "event": event, "data": data, "receipt": receipt}
        )
        if receipt is not None:
            handled.wait(_SETTLE_SECONDS)
            del self._awaited[receipt]

    def stop(self) -> None:
        """Disconnect every node."""
        self._helper.stop()

    def _hand_out(self, message: Message) -> None:
        """Give an event to the node it is for."""
        match message:
            case {"receipt": int(receipt)}:
                if handled := self._awaited.get(receipt):
                    handled.set()
            case {"node": int(node), "event": str(event), "data": data}:
                self._hearers[node](event, data)
            case _:
                _log.warning("the relay said what nobody understands: %s", message)
