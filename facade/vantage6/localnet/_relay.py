"""The nodes' socket.io connections, held by a process of the environment's Python."""

import functools
import logging
from collections.abc import Callable
from pathlib import Path

from vantage6.localnet._processes import Helper, Message

_log = logging.getLogger("vantage6.localnet")

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

    def emit(self, node: int, event: str, data: object) -> None:
        """Send an event in the name of a node."""
        self._helper.send({"type": "emit", "node": node, "event": event, "data": data})

    def emitter(self, node: int) -> Callable[[str, object], None]:
        """Return what sends events in the name of a node."""
        return functools.partial(self.emit, node)

    def stop(self) -> None:
        """Disconnect every node."""
        self._helper.stop()

    def _hand_out(self, message: Message) -> None:
        """Give an event to the node it is for."""
        match message:
            case {"node": int(node), "event": str(event), "data": data}:
                self._hearers[node](event, data)
            case _:
                _log.warning("the relay said what nobody understands: %s", message)
