"""Timeouts of a call."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigurationError

# What a system call takes is counted in milliseconds, as an int of 32 bits.
LONGEST = 1_000_000.0


@dataclass(frozen=True)
class Timeouts:
    """How long a call may take, and each part of it, in seconds.

    A call is one request to the server with its answer, and all attempts to get it. Reading all
    pages of a list, or waiting for a task, makes many calls.

    Attributes
    ----------
    connect : float
        To open a connection, TLS included.
    read : float
        Without a byte from the server.
    write : float
        Without the server taking a byte.
    pool : float
        To get hold of a connection, when many requests share the client.
    total : float or None
        For the whole call: all its attempts, the pauses between them, and the renewal of the token
        if that is due. None sets no such limit. What is streamed to or from a blob store, which
        may be of any size, has this long for each MiB.

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
                    f"the {name} timeout must be above 0 and at most {LONGEST:.0f} seconds, "
                    f"not {value!r}"
                )

    @classmethod
    def of(cls, timeout: float | Timeouts | None) -> Timeouts:
        """Read what the client's ``timeout`` argument takes.

        Parameters
        ----------
        timeout : float, Timeouts or None
            One number for the whole and for each part, the parts themselves, or None for the
            defaults.

        Returns
        -------
        Timeouts
            The parts.
        """
        if timeout is None:
            return cls()
        if isinstance(timeout, Timeouts):
            return timeout
        return cls(timeout, timeout, timeout, timeout, timeout)
