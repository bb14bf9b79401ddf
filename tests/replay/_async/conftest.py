"""The client of most of these tests."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from vantage6.client import AsyncClient

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded


@pytest_asyncio.fixture
async def client(
    request: pytest.FixtureRequest, recorded: "Recorded"
) -> AsyncIterator[AsyncClient]:
    """Log in as the user that the module names in USER; as researcher where it names none."""
    user = getattr(request.module, "USER", "researcher")
    async with await logged_in(recorded, user) as client:
        yield client
