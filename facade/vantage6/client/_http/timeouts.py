"""Timeouts of a call."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigurationError

# System calls take milliseconds as an int of 32 bits.
LONGEST = 1_000_000.0


@dataclass(frozen=True)
class Timeouts:
    """Timeouts of a call and its parts, in seconds.

    A call is one request to the server and its response, with all retries. Reading all pages of a
    list, or waiting for a task, makes many calls.

    Attributes
    ----------
    connect : float
        Opening a connection: the lookup of the host and all its addresses together, and then TLS.
    read : float
        Waiting for the next byte from the server.
    write : float
        Waiting for the server to accept the next bytes.
    pool : float
        Waiting for a free connection, when many requests share the client.
    total : float or None
        The whole call: all retries, the pauses between them, and the renewal of the token if that
        is due. None for no such limit. Transfers to and from a blob store, which can be of any
        size, may take this long for each MiB.

    Examples
    --------
    >>> from vantage6.client import Client, Timeouts
    >>> client = Client("https://server.example", timeout=Timeouts(connect=5, total=120))
    """

    connect: float = 10.0
    read: float = 60.0
    write: float = 60.0
    pool: float = 60.0
    total: float | None = 300.0

    def __post_init__(self) -> None:
        for name in ("connect", "read", "write", "pool", "total"):
            value: object = getattr(self, name)
            if value is None and name == "total":
                continue
            if isinstance(value, bool) or not (
                isinstance(value, int | float) and 0 < value <= LONGEST
            ):
                raise ConfigurationError(
                    f"{name} timeout: expected a number above 0 and at most {LONGEST:.0f}, in "
                    f"seconds, got {value!r}"
                )

    @classmethod
    def of(cls, timeout: float | Timeouts | None) -> Timeouts:
        """Convert the client's ``timeout`` argument.

        Parameters
        ----------
        timeout : float, Timeouts or None
            One number for the total and each part, individual timeouts, or None for the defaults.

        Returns
        -------
        Timeouts
            The timeouts.
        """
        if timeout is None:
            return cls()
        if isinstance(timeout, Timeouts):
            return timeout
        return cls(timeout, timeout, timeout, timeout, timeout)
