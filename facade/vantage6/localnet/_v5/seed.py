"""Fill a new HQ with the same organizations, users, collaboration, study and nodes as version 4."""

import re
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vantage6.bindings.hq import calls
from vantage6.bindings.hq_store import calls as store_calls
from vantage6.localnet import _api
from vantage6.localnet._authentication import new_password
from vantage6.localnet._organizations import OrganizationSpec
from vantage6.localnet._seed import (
    FIRST_ORGANIZATION,
    ROLES,
    NamedResource,
    NodeAccount,
    Organization,
    Seed,
    User,
    prepare_databases,
    prepare_key,
)
from vantage6.localnet._store import ROLES as STORE_ROLES
from vantage6.localnet._store import STORE_NAME, LinkedStore
from vantage6.localnet._v5.accounts import ServiceAccount
from vantage6.localnet._v5.services import ROOT, STORE_PATH, IdentityProvider

if TYPE_CHECKING:
    from vantage6.bindings.hq import rows

_PAGE = 100
_SERVICE = "service"


class Seeder:
    """Fills HQ, and what the identity provider needs to know besides."""

    def __init__(self, hq: httpx.Client, provider: IdentityProvider, folder: Path) -> None:
        self._hq = hq
        self._provider = provider
        self._folder = folder

    def seed(
        self, specs: Sequence[OrganizationSpec], keys: "list[Future[RSAPrivateKey]] | None"
    ) -> tuple[Seed, ServiceAccount]:
        """Fill HQ."""
        organizations = [
            self._add_organization(index, spec, keys[index] if keys else None)
            for index, spec in enumerate(specs)
        ]
        ids = [organization.id for organization in organizations]
        page = _api.send(self._hq, calls.list_roles(per_page=_PAGE))
        roles = {role["name"]: role["id"] for role in page["data"]}
        collaboration = _api.send(
            self._hq,
            calls.create_collaboration(
                {"name": "demo", "organization_ids": ids, "encrypted": keys is not None}
            ),
        )
        study = _api.send(
            self._hq,
            calls.create_study(
                {
                    "name": "demo Subset",
                    "collaboration_id": collaboration["id"],
                    "organization_ids": ids[: max(1, len(ids) - 1)],
                }
            ),
        )
        root = User(ROOT, self._provider.root_password, FIRST_ORGANIZATION, "Root")
        users = [self._add_user(username, role, roles[role]) for username, role in ROLES.items()]
        seeded = Seed(
            users={user.username: user for user in (root, *users)},
            organizations=organizations,
            collaboration=NamedResource(collaboration["id"], "demo"),
            study=NamedResource(study["id"], "demo Subset"),
            nodes=[self._add_node(each, collaboration["id"]) for each in organizations],
        )
        return seeded, self._add_service_account(roles[ROLES["researcher"]])

    def _add_organization(
        self, index: int, spec: OrganizationSpec, key: Future[RSAPrivateKey] | None
    ) -> Organization:
        """Create an organization with its data and its key."""
        name, databases = spec.name, prepare_databases(self._folder, index, spec)
        private_key, public_key = prepare_key(self._folder, index, key)
        if index == 0:
            change = calls.update_organization(
                FIRST_ORGANIZATION, {"name": name, "public_key": public_key}
            )
            organization = _api.send(self._hq, change)
        else:
            new = calls.create_organization({"name": name, "public_key": public_key})
            organization = _api.send(self._hq, new)
        return Organization(organization["id"], name, databases, private_key)

    def _add_user(self, username: str, role: str, role_id: int) -> User:
        """Create a user who can log in at once."""
        password = new_password()
        body = calls.create_user(
            {
                "username": username,
                "password": password,
                "organization_id": FIRST_ORGANIZATION,
                "roles": [role_id],
            }
        )
        _api.send(self._hq, body)
        self._provider.set_up_user(username, password)
        return User(username, password, FIRST_ORGANIZATION, role)

    def _add_service_account(self, role: int) -> ServiceAccount:
        """Create an account for scripts."""
        body = calls.create_user(
            {
                "username": _SERVICE,
                "is_service_account": True,
                "organization_id": FIRST_ORGANIZATION,
                "roles": [role],
            }
        )
        secret = _api.send(self._hq, body).get("client_secret") or ""
        client = f"{_SERVICE}-user-client"
        return ServiceAccount(_SERVICE, client, secret, FIRST_ORGANIZATION, ROLES["researcher"])

    def _add_node(self, organization: Organization, collaboration: int) -> NodeAccount:
        """Create the node of an organization, whose name has no spaces."""
        name = re.sub(r"\W+", "-", f"{organization.name} demo node")
        body = calls.create_node(
            {"name": name, "organization_id": organization.id, "collaboration_id": collaboration}
        )
        node = _api.send(self._hq, body)
        return NodeAccount(node["id"], name, organization.id, node["api_key"])


def link_hq_store(hq: httpx.Client, store: httpx.Client) -> LinkedStore:
    """Link a store to all collaborations of HQ, and register the users in it."""
    url = str(store.base_url).rstrip("/").removesuffix(STORE_PATH)
    body: rows.AlgorithmStoreInput = {
        "name": STORE_NAME,
        "algorithm_store_url": url,
        "api_path": STORE_PATH,
    }
    linked = _api.send(hq, calls.create_algorithm_store(body))
    page = _api.send(store, store_calls.list_roles(per_page=_PAGE))
    roles = {role["name"]: role["id"] for role in page["data"]}
    for username, names in STORE_ROLES.items():
        role = next(roles[name] for name in names if name in roles)
        _api.send(store, store_calls.create_user({"username": username, "roles": [role]}))
    return LinkedStore(linked["id"], STORE_NAME, url + STORE_PATH)
