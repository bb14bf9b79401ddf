# Derived by unasync.py: edit tests/replay/_async/conftest.py instead.
"""The client of most of these tests."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from vantage6.client import Client

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded


@pytest.fixture
def client(request: pytest.FixtureRequest, recorded: "Recorded") -> Iterator[Client]:
    """Log in as the user that the module names in USER; as researcher where it names none."""
    user = getattr(request.module, "USER", "researcher")
    with logged_in(recorded, user) as client:
        yield client
