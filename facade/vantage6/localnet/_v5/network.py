"""The running network of version 5: identity provider, HQ, nodes, and perhaps a store."""

from dataclasses import asdict

from vantage6.bindings.hq import calls
from vantage6.localnet import _api
from vantage6.localnet._algorithm_runner import AlgorithmRunner
from vantage6.localnet._event_relay import EventRelay
from vantage6.localnet._kept import find_kept, keep, with_secret
from vantage6.localnet._node import Node, NodeConfig, NodeLogin
from vantage6.localnet._proxy import Proxy
from vantage6.localnet._running import Running
from vantage6.localnet._seed import keep_seed, kept_seed
from vantage6.localnet._store import kept_store
from vantage6.localnet._v5.accounts import ServiceAccount
from vantage6.localnet._v5.keycloak import Keycloak, find_keycloak
from vantage6.localnet._v5.login import client_login, password_login
from vantage6.localnet._v5.node import MODULES, HqNode, HqRoute
from vantage6.localnet._v5.realm import LOCAL_CLIENT, PUBLIC_CLIENT, REALM, Lifetimes
from vantage6.localnet._v5.seed import Seeder, link_hq_store
from vantage6.localnet._v5.services import (
    HQ_PATH,
    ROOT,
    STORE_PATH,
    Hq,
    HqStore,
    IdentityProvider,
    StandIn,
)

_PAGE = 100


class HqNetwork(Running):
    """A running network of version 5."""

    provider: IdentityProvider
    service_account: ServiceAccount

    def start(self) -> None:
        """Start all components."""
        options, python, folder = self.options, self.python, self.folder
        seconds = options.login.token_seconds
        lifetimes = Lifetimes() if seconds is None else Lifetimes(access=seconds)
        provider = self.provider = (
            Keycloak(find_keycloak(options.keycloak), folder, lifetimes)
            if options.keycloak is not None
            else StandIn(python, folder, lifetimes)
        )
        provider.start()
        self.stack.callback(provider.stop)
        self.server = hq = Hq(python, folder, options.port, provider)
        self.claim_address(hq.url, HQ_PATH)
        store = HqStore(python, folder, provider, review=options.review) if options.store else None
        hq.start()
        self.stack.callback(hq.stop)
        if store:
            store.start()
            self.stack.callback(store.stop)
        # Slow steps run in parallel: starting HQ, importing pandas, generating keys.
        self.start_helpers(AlgorithmRunner(python, folder, MODULES), EventRelay(python, folder))
        keys = self.generate_keys()
        provider.wait_until_ready()
        self.version = hq.wait_until_ready()
        root = password_login(provider.url, ROOT, provider.root_password)
        with _api.http_client(hq.url + HQ_PATH, root) as api:
            specs = options.organizations
            if kept := kept_seed(folder, specs):
                self.seed = kept
                account = find_kept(folder, "service_account")
            else:
                filled, new = Seeder(api, provider, folder).seed(specs, keys)
                account = keep(folder, "service_account", lambda: asdict(new))
                self.seed = keep_seed(folder, filled)
            self.service_account = ServiceAccount(**with_secret(account, "client_secret"))
            self.start_nodes(Proxy(hq.url, HQ_PATH, HqRoute))
            if store:
                store.wait_until_ready()
                with _api.http_client(store.url + STORE_PATH, root) as store_api:
                    self.store = kept_store(folder, lambda: link_hq_store(api, store_api))

    def create_node(self, config: NodeConfig) -> Node:
        """Create a node, which connects to HQ."""
        name = f"{config.name}-node-client"
        login = client_login(self.provider.url, name, config.api_key)
        api = _api.http_client(self.server.url + HQ_PATH, login)
        node_login = NodeLogin(api, self.server.url, login.token)
        algorithms = self.options.algorithms
        return HqNode(node_login, config, algorithms, self.runner, self.proxy, self.relay)

    @property
    def login(self) -> tuple[str, str, ServiceAccount]:
        """Where users log in, the realm, and the service account."""
        return self.provider.url, REALM, self.service_account

    def more(self) -> dict[str, object]:
        """Return where to log in, and the service account."""
        account = self.service_account
        return {
            "auth_url": self.provider.url,
            "realm": REALM,
            "client_id": PUBLIC_CLIENT,
            "password_client": LOCAL_CLIENT,
            "service_account": {
                "username": account.username,
                "client_id": account.client_id,
                "client_secret": account.client_secret,
                "organization": account.organization_id,
                "role": account.role,
            },
        }

    def node_rows(self) -> list[dict[str, object]]:
        """Return the nodes with their current status."""
        root = password_login(self.provider.url, ROOT, self.provider.root_password)
        with _api.http_client(self.server.url + HQ_PATH, root) as api:
            page = _api.send(api, calls.list_nodes(per_page=_PAGE, sort="id"))
        return [
            {
                "id": node["id"],
                "name": node["name"],
                "organization": node["organization"] and node["organization"]["id"],
                "status": node["status"],
            }
            for node in page["data"]
        ]
