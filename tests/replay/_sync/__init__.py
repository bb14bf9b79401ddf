# Derived by unasync.py: edit tests/replay/_async/__init__.py instead.
"""Tests of the asynchronous client, and the source that _sync is derived from."""

from typing import TYPE_CHECKING

from vantage6.client import Client

if TYPE_CHECKING:
    from ..conftest import Recorded


def logged_in(recorded: "Recorded", user: str) -> Client:
    """Make a client that is logged in."""
    client = Client("http://127.0.0.1", recorded.port, "/api")
    client.authenticate(user, recorded.passwords[user])
    return client
