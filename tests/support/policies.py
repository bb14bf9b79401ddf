"""Change the policy of a node of a local network that tests share, for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from vantage6.localnet import LocalNetwork


@contextmanager
def refusing(network: LocalNetwork, organization_id: int, *allowed: str) -> Iterator[None]:
    """Let a node allow only some images; it publishes its policy when it connects."""
    node = network._running.node(organization_id)
    before = node.config
    try:
        _reconnect(network, organization_id, allowed)
        yield
    finally:
        _reconnect(network, organization_id, before.allowed)


def _reconnect(network: LocalNetwork, organization_id: int, allowed: tuple[str, ...]) -> None:
    node = network._running.node(organization_id)
    network.disconnect_node(organization_id)
    node.config = replace(node.config, allowed=allowed)
    network.reconnect_node(organization_id)
