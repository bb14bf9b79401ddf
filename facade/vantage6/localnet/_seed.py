"""What a new server is filled with: organizations, users, a collaboration, a study, nodes, data."""

import csv
import random
import secrets
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vantage6.bindings.secret import Secret
from vantage6.bindings.server.api.collaboration import create_collaboration
from vantage6.bindings.server.api.node import create_node
from vantage6.bindings.server.api.organization import create_organization, update_organization
from vantage6.bindings.server.api.recover import change_password
from vantage6.bindings.server.api.role import list_roles
from vantage6.bindings.server.api.study import create_study
from vantage6.bindings.server.api.user import create_user
from vantage6.bindings.server.client import AuthenticatedClient
from vantage6.bindings.server.models.change_password_input import ChangePasswordInput
from vantage6.bindings.server.models.collaboration_input import CollaborationInput
from vantage6.bindings.server.models.node_input import NodeInput
from vantage6.bindings.server.models.organization_input import OrganizationInput
from vantage6.bindings.server.models.organization_update import OrganizationUpdate
from vantage6.bindings.server.models.study_input import StudyInput
from vantage6.bindings.server.models.user_input import UserInput
from vantage6.bindings.server.types import UNSET
from vantage6.client._encryption import keys as _keys
from vantage6.localnet import _api
from vantage6.localnet._login import code, log_in
from vantage6.localnet._parties import DEFAULT_LABEL, Party
from vantage6.localnet._processes import write_private

# The server makes these itself at its first start: the first organization, and its only user.
_FIRST_ORGANIZATION = 1
_ROOT, _ROOT_PASSWORD = "root", "root"
_ROLES = {"researcher": "Researcher", "viewer": "Viewer", "admin": "Collaboration Admin"}
_PAGE = 100


@dataclass(frozen=True)
class User:
    """Someone who can log in.

    Attributes
    ----------
    username, password : str
        The credentials; ``repr`` leaves the password out.
    organization_id : int
        The organization the user belongs to.
    role : str
        Name of the user's role.
    otp_secret : str or None
        The secret of the second factor, where the server wants one; ``repr`` leaves it out.
    """

    username: str
    password: str = field(repr=False)
    organization_id: int
    role: str
    otp_secret: str | None = field(default=None, repr=False)

    @property
    def code(self) -> str | None:
        """What an authenticator app shows now; None where the server wants no second factor."""
        return code(self.otp_secret) if self.otp_secret else None


@dataclass(frozen=True)
class Organization:
    """A party of the collaboration.

    Attributes
    ----------
    id : int
        Id on the server.
    name : str
        Name on the server.
    databases : dict of str to Path
        The files with the data that its node holds, by label: your own, or a CSV file with a header
        line, called ``default``.
    private_key : Path or None
        Its private key, None if the collaboration is not encrypted.
    """

    id: int
    name: str
    databases: dict[str, Path]
    private_key: Path | None

    @property
    def data(self) -> Path:
        """The file of the database called ``default``, or else of the first one."""
        return self.databases.get(DEFAULT_LABEL) or next(iter(self.databases.values()))


@dataclass(frozen=True)
class Named:
    """Something of the server's with an id and a name.

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
    """What the server knows a node by.

    Attributes
    ----------
    id : int
        Id on the server.
    name : str
        Name on the server.
    organization_id : int
        The organization it works for.
    api_key : str
        The key by which it logs in; ``repr`` leaves it out.
    """

    id: int
    name: str
    organization_id: int
    api_key: str = field(repr=False)


@dataclass(frozen=True)
class Seed:
    """All that a server was filled with.

    Attributes
    ----------
    users : dict of str to User
        By user name.
    organizations : list of Organization
        All of them take part in the collaboration.
    collaboration, study : Named
        The study has all organizations but the last.
    nodes : list of NodeAccount
        One for each organization, in the same order.
    """

    users: dict[str, User]
    organizations: list[Organization]
    collaboration: Named
    study: Named
    nodes: list[NodeAccount]


def seed(
    url: str, folder: Path, parties: Sequence[Party], keys: list[Future[RSAPrivateKey]] | None
) -> Seed:
    """Fill a new server. Where it wants second factors, each user is given one.

    Parameters
    ----------
    url : str
        The server's URL.
    folder : Path
        Private folder for data and keys.
    parties : sequence of Party
        The organizations.
    keys : list of Future or None
        A private key in the making for each organization; None leaves the collaboration plain.

    Returns
    -------
    Seed
        What is there now.
    """
    token, root = _secure_root(url)
    with _api.authenticated(url, token) as client:
        organizations = [
            _add_organization(client, folder, index, party, keys[index] if keys else None)
            for index, party in enumerate(parties)
        ]
        users = [root, *_add_users(client, url if root.otp_secret else None)]
        ids = [organization.id for organization in organizations]
        collaboration = _api.answer(
            create_collaboration.sync_detailed(
                client=client,
                body=CollaborationInput(
                    name="demo", organization_ids=ids, encrypted=keys is not None
                ),
            )
        )
        study = _api.answer(
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
        collaboration=Named(collaboration.id, "demo"),
        study=Named(study.id, "demo Subset"),
        nodes=nodes,
    )


def _secure_root(url: str) -> tuple[str, User]:
    """Replace the password that every new server has for root; return root's token, too."""
    token, otp_secret = log_in(url, _ROOT, _ROOT_PASSWORD)
    root = User(_ROOT, _new_password(), _FIRST_ORGANIZATION, "Root", otp_secret)
    with _api.authenticated(url, token) as client:
        change = ChangePasswordInput(current_password=_ROOT_PASSWORD, new_password=root.password)
        _api.answer(change_password.sync_detailed(client=client, body=change))
    return token, root


def _new_password() -> Secret:
    """Return a strong password with every kind of character that the server's policy wants."""
    return Secret(secrets.token_urlsafe(15) + "-aA1")


def _add_organization(
    client: AuthenticatedClient,
    folder: Path,
    index: int,
    party: Party,
    key: Future[RSAPrivateKey] | None,
) -> Organization:
    """Make an organization, its data and its key."""
    name, databases = party.name, dict(party.databases)
    if not databases:
        databases[DEFAULT_LABEL] = folder / f"data-{index + 1}.csv"
        _write_data(databases[DEFAULT_LABEL], index)
    private_key = folder / f"private-key-{index + 1}.pem" if key else None
    public_key = UNSET
    if key is not None and private_key is not None:
        made = key.result()
        write_private(private_key, _keys.private_key_to_pem(made))
        public_key = _keys.public_key_of(made)
    if index == 0:
        change = OrganizationUpdate(name=name, public_key=public_key)
        organization = _api.answer(
            update_organization.sync_detailed(_FIRST_ORGANIZATION, client=client, body=change)
        )
    else:
        new = OrganizationInput(name=name, public_key=public_key)
        organization = _api.answer(create_organization.sync_detailed(client=client, body=new))
    return Organization(organization.id, name, databases, private_key)


def _add_users(client: AuthenticatedClient, two_factor_at: str | None) -> list[User]:
    """Make a user of each of the usual roles at the first organization.

    Where the server wants a second factor, its URL is given, and users log in there to get one.
    """
    page = _api.answer(list_roles.sync_detailed(client=client, per_page=_PAGE, sort="id"))
    roles = {role.name: role.id for role in page.data}
    users: list[User] = []
    for username, role in _ROLES.items():
        password = _new_password()
        body = UserInput(
            username=username,
            password=password,
            email=f"{username}@example.org",
            firstname=username.capitalize(),
            lastname="Demo",  # the server fails without one, whatever its schema says
            organization_id=_FIRST_ORGANIZATION,
            roles=[roles[role]],
        )
        _api.answer(create_user.sync_detailed(client=client, body=body))
        otp_secret = log_in(two_factor_at, username, password)[1] if two_factor_at else None
        users.append(User(username, password, _FIRST_ORGANIZATION, role, otp_secret))
    return users


def _add_node(
    client: AuthenticatedClient, organization: Organization, collaboration: int
) -> NodeAccount:
    """Make an organization's node."""
    name = f"{organization.name} demo node"
    body = NodeInput(name=name, organization_id=organization.id, collaboration_id=collaboration)
    node = _api.answer(create_node.sync_detailed(client=client, body=body))
    return NodeAccount(node.id, name, organization.id, node.api_key)


def _write_data(path: Path, index: int) -> None:
    """Write an organization's patients, the same at every start."""
    chance = random.Random(f"organization {index + 1}")  # noqa: S311  (data, not a secret)
    path.touch(0o600)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["patient_id", "age", "gender", "height", "weight", "smoker"])
        for number in range(1, chance.randint(40, 80)):
            gender = chance.choice(["female", "male"])
            height = round(chance.gauss(167 if gender == "female" else 181, 7), 1)
            weight = round(chance.gauss(25, 3) * (height / 100) ** 2, 1)
            age = min(95, max(18, round(chance.gauss(58 + index, 12))))
            smoker = int(chance.random() < 0.2)
            rows.writerow([f"P{index + 1:02}{number:03}", age, gender, height, weight, smoker])
