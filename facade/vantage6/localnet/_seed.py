"""Fill a new server with organizations, users, a collaboration, a study and nodes."""

import csv
import json
import random
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vantage6.bindings.server.api.collaboration import create_collaboration
from vantage6.bindings.server.api.node import create_node
from vantage6.bindings.server.api.organization import create_organization, update_organization
from vantage6.bindings.server.api.role import list_roles
from vantage6.bindings.server.api.study import create_study
from vantage6.bindings.server.api.user import create_user
from vantage6.bindings.server.client import AuthenticatedClient
from vantage6.bindings.server.models.collaboration_input import CollaborationInput
from vantage6.bindings.server.models.node_input import NodeInput
from vantage6.bindings.server.models.organization_input import OrganizationInput
from vantage6.bindings.server.models.organization_update import OrganizationUpdate
from vantage6.bindings.server.models.study_input import StudyInput
from vantage6.bindings.server.models.user_input import UserInput
from vantage6.bindings.server.types import UNSET
from vantage6.client._encryption import keys as _keys
from vantage6.localnet import _api
from vantage6.localnet._authentication import log_in, new_password, totp_code
from vantage6.localnet._kept import find_kept, keep, with_secret
from vantage6.localnet._organizations import DEFAULT_LABEL, OrganizationSpec
from vantage6.localnet._processes import write_private

# The server creates the first organization and its only user on its first start.
FIRST_ORGANIZATION = 1
ROLES = {"researcher": "Researcher", "viewer": "Viewer", "admin": "Collaboration Admin"}
_PAGE = 100


@dataclass(frozen=True)
class User:
    """A user who can log in.

    Attributes
    ----------
    username, password : str
        Credentials; ``repr`` omits the password.
    organization_id : int
        Id of the user's organization.
    role : str
        Name of the user's role.
    otp_secret : str or None
        Secret of the second factor, if the server requires one; ``repr`` omits it.
    """

    username: str
    password: str = field(repr=False)
    organization_id: int
    role: str
    otp_secret: str | None = field(default=None, repr=False)

    @property
    def code(self) -> str | None:
        """The current two-factor code, or None without two-factor login."""
        return totp_code(self.otp_secret) if self.otp_secret else None


@dataclass(frozen=True)
class Organization:
    """An organization of the collaboration.

    Attributes
    ----------
    id : int
        Id on the server.
    name : str
        Name on the server.
    databases : dict of str to Path
        Database files of its node by label: your own, or a generated CSV file with a header line
        for ``default``.
    private_key : Path or None
        Path of its private key; None if the collaboration is not encrypted.
    """

    id: int
    name: str
    databases: dict[str, Path]
    private_key: Path | None

    @property
    def data(self) -> Path:
        """The file of the database ``default``, or of the first database."""
        return self.databases.get(DEFAULT_LABEL) or next(iter(self.databases.values()))


@dataclass(frozen=True)
class NamedResource:
    """Id and name of a resource on the server.

    Attributes
    ----------
    id : int
        Id on the server.
    name : str
        Name on the server.
    """

    id: int
    name: str


@dataclass(frozen=True)
class NodeAccount:
    """A node as registered on the server.

    Attributes
    ----------
    id : int
        Id on the server.
    name : str
        Name on the server.
    organization_id : int
        Id of its organization.
    api_key : str
        Key that it logs in with; ``repr`` omits it.
    """

    id: int
    name: str
    organization_id: int
    api_key: str = field(repr=False)


@dataclass(frozen=True)
class Seed:
    """Everything that `seed` created on the server."""

    users: dict[str, User]
    organizations: list[Organization]
    collaboration: NamedResource
    study: NamedResource
    nodes: list[NodeAccount]


def seed(
    url: str,
    root_password: str,
    folder: Path,
    organization_specs: Sequence[OrganizationSpec],
    keys: list[Future[RSAPrivateKey]] | None,
) -> Seed:
    """Fill a new server; set up second factors if the server requires them."""
    token, otp_secret = log_in(url, "root", root_password)
    root = User("root", root_password, FIRST_ORGANIZATION, "Root", otp_secret)
    with _api.authenticated_client(url, token) as client:
        organizations = [
            _add_organization(client, folder, index, spec, keys[index] if keys else None)
            for index, spec in enumerate(organization_specs)
        ]
        users = [root, *_add_users(client, url if root.otp_secret else None)]
        ids = [organization.id for organization in organizations]
        collaboration = _api.unwrap(
            create_collaboration.sync_detailed(
                client=client,
                body=CollaborationInput(
                    name="demo", organization_ids=ids, encrypted=keys is not None
                ),
            )
        )
        study = _api.unwrap(
            create_study.sync_detailed(
                client=client,
                body=StudyInput(
                    name="demo Subset",
                    collaboration_id=collaboration.id,
                    organization_ids=ids[: max(1, len(ids) - 1)],
                ),
            )
        )
        nodes = [_add_node(client, each, collaboration.id) for each in organizations]
    return Seed(
        users={user.username: user for user in users},
        organizations=organizations,
        collaboration=NamedResource(collaboration.id, "demo"),
        study=NamedResource(study.id, "demo Subset"),
        nodes=nodes,
    )


def _add_organization(
    client: AuthenticatedClient,
    folder: Path,
    index: int,
    spec: OrganizationSpec,
    key: Future[RSAPrivateKey] | None,
) -> Organization:
    """Create an organization with its data and its key."""
    name, databases = spec.name, prepare_databases(folder, index, spec)
    private_key, public = prepare_key(folder, index, key)
    public_key = public or UNSET
    if index == 0:
        change = OrganizationUpdate(name=name, public_key=public_key)
        organization = _api.unwrap(
            update_organization.sync_detailed(FIRST_ORGANIZATION, client=client, body=change)
        )
    else:
        new = OrganizationInput(name=name, public_key=public_key)
        organization = _api.unwrap(create_organization.sync_detailed(client=client, body=new))
    return Organization(organization.id, name, databases, private_key)


def _add_users(client: AuthenticatedClient, two_factor_url: str | None) -> list[User]:
    """Create a user for each default role; with a URL, set up their second factors there."""
    page = _api.unwrap(list_roles.sync_detailed(client=client, per_page=_PAGE, sort="id"))
    roles = {role.name: role.id for role in page.data}
    users: list[User] = []
    for username, role in ROLES.items():
        password = new_password()
        body = UserInput(
            username=username,
            password=password,
            email=f"{username}@example.org",
            firstname=username.capitalize(),
            lastname="Demo",  # required by the server, although its schema says otherwise
            organization_id=FIRST_ORGANIZATION,
            roles=[roles[role]],
        )
        _api.unwrap(create_user.sync_detailed(client=client, body=body))
        otp_secret = log_in(two_factor_url, username, password)[1] if two_factor_url else None
        users.append(User(username, password, FIRST_ORGANIZATION, role, otp_secret))
    return users


def _add_node(
    client: AuthenticatedClient, organization: Organization, collaboration: int
) -> NodeAccount:
    """Create the node of an organization."""
    name = f"{organization.name} demo node"
    body = NodeInput(name=name, organization_id=organization.id, collaboration_id=collaboration)
    node = _api.unwrap(create_node.sync_detailed(client=client, body=body))
    return NodeAccount(node.id, name, organization.id, node.api_key)


def kept_seed(folder: Path, specs: Sequence[OrganizationSpec]) -> Seed | None:
    """Return what the network in a folder was filled with, if it was; its data may have changed."""
    kept = find_kept(folder, "seed")
    if kept is None:
        return None
    organizations = [
        Organization(
            row["id"],
            row["name"],
            prepare_databases(folder, index, spec),
            Path(row["private_key"]) if row["private_key"] else None,
        )
        for index, (row, spec) in enumerate(zip(kept["organizations"], specs, strict=True))
    ]
    return Seed(
        users={name: User(**with_secret(row, "password")) for name, row in kept["users"].items()},
        organizations=organizations,
        collaboration=NamedResource(**kept["collaboration"]),
        study=NamedResource(**kept["study"]),
        nodes=[NodeAccount(**with_secret(row, "api_key")) for row in kept["nodes"]],
    )


def keep_seed(folder: Path, seeded: Seed) -> Seed:
    """Write down what the network in a folder was filled with."""
    keep(folder, "seed", lambda: json.loads(json.dumps(asdict(seeded), default=str)))
    return seeded


def prepare_databases(folder: Path, index: int, spec: OrganizationSpec) -> dict[str, Path]:
    """Return the databases of an organization; those that were not given are generated."""
    if databases := spec.write_databases(folder, f"data-{index + 1}"):
        return databases
    path = folder / f"data-{index + 1}.csv"
    _write_patients(path, index)
    return {DEFAULT_LABEL: path}


def prepare_key(
    folder: Path, index: int, key: Future[RSAPrivateKey] | None
) -> tuple[Path | None, str]:
    """Write the private key of an organization; return its path and the public key."""
    if key is None:
        return None, ""
    path, private_key = folder / f"private-key-{index + 1}.pem", key.result()
    write_private(path, _keys.private_key_to_pem(private_key))
    return path, _keys.public_key_of(private_key)


def _write_patients(path: Path, index: int) -> None:
    """Write generated patients, the same on every start."""
    rng = random.Random(f"organization {index + 1}")  # noqa: S311  (data, not a secret)
    path.touch(0o600)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["patient_id", "age", "gender", "height", "weight", "smoker"])
        for number in range(1, rng.randint(40, 80)):
            gender = rng.choice(["female", "male"])
            height = round(rng.gauss(167 if gender == "female" else 181, 7), 1)
            weight = round(rng.gauss(25, 3) * (height / 100) ** 2, 1)
            age = min(95, max(18, round(rng.gauss(58 + index, 12))))
            smoker = int(rng.random() < 0.2)
            rows.writerow([f"P{index + 1:02}{number:03}", age, gender, height, weight, smoker])
