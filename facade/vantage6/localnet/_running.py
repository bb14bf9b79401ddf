"""What is running behind a `LocalNetwork`: services, seed and nodes."""

import contextlib
import os
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vantage6.bindings.secret import scrub
from vantage6.client._encryption import keys as _keys
from vantage6.localnet import _api
from vantage6.localnet._algorithm_runner import AlgorithmRunner
from vantage6.localnet._authentication import LoginSettings
from vantage6.localnet._client_files import own_address
from vantage6.localnet._encryption import PayloadCodec
from vantage6.localnet._errors import LocalNetworkError, NodeStartError
from vantage6.localnet._event_relay import EventRelay
from vantage6.localnet._kept import is_filled, is_kept
from vantage6.localnet._node import Node, NodeConfig
from vantage6.localnet._organizations import OrganizationSpec
from vantage6.localnet._proxy import Proxy
from vantage6.localnet._seed import Seed
from vantage6.localnet._server import Service
from vantage6.localnet._store import LinkedStore
from vantage6.localnet._v5.accounts import ServiceAccount

_ONLINE_SECONDS = 60.0
_OFFLINE_SECONDS = 5.0

Keys = list[Future[RSAPrivateKey]]


@dataclass(frozen=True)
class Options:
    """What was asked of a network."""

    organizations: list[OrganizationSpec]
    algorithms: Mapping[str, Path]
    allowed: Mapping[str, tuple[str, ...]]  # by organization
    encrypted: bool
    port: int | None
    store: bool
    review: bool
    login: LoginSettings
    blob_store: bool
    keycloak: Path | None = None  # an empty path means a download
    folder: Path | None = None  # in which the network is kept


class Running:
    """A running network; each generation starts its own services and nodes."""

    server: Service
    version: str
    seed: Seed
    store: LinkedStore | None = None

    def __init__(
        self, options: Options, python: Path, folder: Path, stack: contextlib.ExitStack
    ) -> None:
        self.options = options
        self.python = python
        self.folder = folder
        self.nodes: list[Node] = []
        self.stack = stack
        self.start()

    def start(self) -> None:
        """Start all components."""
        raise NotImplementedError

    def create_node(self, config: NodeConfig) -> Node:
        """Create a node, which connects to the server."""
        raise NotImplementedError

    def node_rows(self) -> list[dict[str, object]]:
        """Return the nodes with their current status."""
        raise NotImplementedError

    @property
    def login(self) -> tuple[str | None, str | None, ServiceAccount | None]:
        """Where users log in, the realm, and the service account, if there are any."""
        return None, None, None

    def more(self) -> dict[str, object]:
        """Return what the description of this generation has besides."""
        return {}

    def claim_address(self, url: str, api_path: str = _api.API_PATH) -> None:
        """Set aside what clients know about the address, unless the network keeps its keys."""
        if not is_kept(self.folder):
            self.stack.enter_context(own_address(url, api_path))

    def start_helpers(self, runner: AlgorithmRunner, relay: EventRelay) -> None:
        """Take over the programs that all nodes share."""
        self.runner, self.relay = runner, relay
        self.stack.callback(runner.stop)
        self.stack.callback(relay.stop)

    def generate_keys(self) -> Keys | None:
        """Start generating a private key per organization, if encryption is on."""
        if not self.options.encrypted or is_filled(self.folder):
            return None
        makers = ThreadPoolExecutor(os.cpu_count())
        self.stack.callback(makers.shutdown, cancel_futures=True)
        return [makers.submit(_keys.generate_private_key) for _ in self.options.organizations]

    def start_nodes(self, proxy: Proxy) -> None:
        """Start one node per organization, and wait until all are online."""
        self.proxy = proxy
        self.stack.callback(proxy.stop)
        self.stack.callback(self._stop_nodes)
        for account, organization in zip(self.seed.nodes, self.seed.organizations, strict=True):
            key = organization.private_key
            config = NodeConfig(
                id=account.id,
                organization_id=account.organization_id,
                collaboration_id=self.seed.collaboration.id,
                api_key=account.api_key,
                databases=organization.databases,
                folder=self.folder / f"node-{account.id}",
                codec=PayloadCodec(_keys.load_private_key(key.read_bytes()) if key else None),
                allowed=self.options.allowed.get(organization.name, ()),
                name=account.name,
            )
            self.nodes.append(self.create_node(config))
        self._wait_until_online()

    def node(self, organization_id: int) -> Node:
        """Return the node of an organization."""
        for node in self.nodes:
            if node.config.organization_id == organization_id:
                return node
        known = ", ".join(str(node.config.organization_id) for node in self.nodes)
        raise LocalNetworkError(
            f"organization_id: expected one of {known}, got {organization_id!r}."
        )

    def reconnect_node(self, organization_id: int) -> None:
        """Connect a node again, and wait until it is online."""
        node = self.node(organization_id)
        if node.is_disconnected:
            self._wait_until_offline(node)
            node.connect()
            self._wait_until_online()

    def restart_node(self, organization_id: int) -> None:
        """Kill the node of an organization with its runs, and start it again."""
        node = self.node(organization_id)
        node.disconnect()
        node.stop()
        self._wait_until_offline(node)
        self.nodes[self.nodes.index(node)] = self.create_node(node.config)
        self._wait_until_online()

    def _stop_nodes(self) -> None:
        """Stop all nodes."""
        for node in reversed(self.nodes):
            node.stop()

    def _wait_until_offline(self, node: Node) -> None:
        """Wait until the server has handled the end of a node's connection."""
        # It may handle that after the beginning of a new one.
        deadline = time.monotonic() + _OFFLINE_SECONDS
        online = {"id": node.config.id, "status": "online"}.items()
        while time.monotonic() < deadline and any(
            online <= row.items() for row in self.node_rows()
        ):
            time.sleep(0.05)

    def _wait_until_online(self) -> None:
        """Wait until all nodes are connected to the server, except disconnected ones."""
        deadline = time.monotonic() + _ONLINE_SECONDS
        for node in self.nodes:
            seconds = max(0.0, deadline - time.monotonic())
            if not node.is_disconnected and not node.online.wait(seconds):
                log = scrub(self.relay.log.read_text(errors="replace"))
                tail = "\n  ".join(log.splitlines()[-20:])
                message = f"node {node.config.id}: not online after {_ONLINE_SECONDS:.0f} s."
                raise NodeStartError(f"{message} End of the event relay's log:\n  {tail}")
