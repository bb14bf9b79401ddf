"""The local networks that live tests share: started once, at the first test that asks."""

from collections.abc import Iterator

import pytest

from vantage6.localnet import LocalNetwork


@pytest.fixture(scope="session")
def network() -> Iterator[LocalNetwork]:
    """Three organizations in a collaboration without encryption."""
    with LocalNetwork(organizations=3) as net:
        yield net


@pytest.fixture(scope="session")
def encrypted_network() -> Iterator[LocalNetwork]:
    """Three organizations in an encrypted collaboration."""
    with LocalNetwork(organizations=3, encrypted=True) as net:
        yield net
