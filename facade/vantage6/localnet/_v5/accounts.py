"""Accounts that version 4 does not have."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ServiceAccount:
    """An account for scripts, which logs in with a secret.

    Attributes
    ----------
    username : str
        Name at HQ.
    client_id, client_secret : str
        Credentials at the identity provider; ``repr`` omits the secret.
    organization_id : int
        Id of its organization.
    role : str
        Name of its role.
    """

    username: str
    client_id: str
    client_secret: str = field(repr=False)
    organization_id: int
    role: str
