"""The running network of version 4: a server, and perhaps an algorithm store and a blob store."""

from vantage6.bindings.server.api.node import list_nodes
from vantage6.localnet import _api
from vantage6.localnet._algorithm_runner import AlgorithmRunner
from vantage6.localnet._authentication import log_in, log_in_node
from vantage6.localnet._blob_store import BlobStore
from vantage6.localnet._event_relay import EventRelay
from vantage6.localnet._node import Node, NodeConfig, NodeLogin
from vantage6.localnet._proxy import Proxy
from vantage6.localnet._running import Running
from vantage6.localnet._seed import keep_seed, kept_seed, seed
from vantage6.localnet._server import Server
from vantage6.localnet._store import Store, kept_store, link_store

_PAGE = 100


class ServerNetwork(Running):
    """A running network of version 4."""

    def start(self) -> None:
        """Start all components."""
        options, python, folder = self.options, self.python, self.folder
        blob_setting = self._start_blob_store() if options.blob_store else None
        server = Server(python, folder, options.port, options.login, blob_setting)
        self.server = server
        self.stack.callback(server.stop)
        self.claim_address(server.url)
        store = Store(python, folder, server.url, options.review) if options.store else None
        if store:
            self.stack.callback(store.stop)
        # Slow steps run in parallel: starting the server, importing pandas, generating keys.
        self.start_helpers(AlgorithmRunner(python, folder), EventRelay(python, folder))
        keys = self.generate_keys()
        self.version = server.wait_until_ready()
        password, specs = server.root_password, options.organizations
        self.seed = kept_seed(folder, specs) or keep_seed(
            folder, seed(server.url, password, folder, specs, keys)
        )
        self.start_nodes(Proxy(server.url))
        if store:
            store.wait_until_ready()
            self.store = kept_store(
                folder, lambda: link_store(server.url, store, self._root_token())
            )

    def _start_blob_store(self) -> dict[str, object]:
        """Start a blob store, and return the server's setting for it."""
        blobs = BlobStore(self.folder)
        self.stack.callback(blobs.stop)
        blobs.wait_until_ready()
        return blobs.server_setting

    def create_node(self, config: NodeConfig) -> Node:
        """Create a node, which connects to the server."""
        url = self.server.url
        token = log_in_node(url, config.api_key)
        api = _api.authenticated_client(url, token).get_httpx_client()
        login = NodeLogin(api, url, lambda: token)
        return Node(login, config, self.options.algorithms, self.runner, self.proxy, self.relay)

    def node_rows(self) -> list[dict[str, object]]:
        """Return the nodes with their current status."""
        with _api.authenticated_client(self.server.url, self._root_token()) as client:
            page = _api.unwrap(list_nodes.sync_detailed(client=client, per_page=_PAGE, sort="id"))
        return [
            {
                "id": node.id,
                "name": node.name,
                "organization": node.organization.id,
                "status": node.status,
            }
            for node in page.data
        ]

    def _root_token(self) -> str:
        """Log in as root and return the access token."""
        root = self.seed.users["root"]
        token, _ = log_in(self.server.url, root.username, root.password, root.otp_secret)
        return token
