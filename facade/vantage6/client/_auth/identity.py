"""The logged-in user."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WhoAmI:
    """The user that a client is logged in as.

    Attributes
    ----------
    type_ : str
        The kind of client: ``"user"``.
    id_ : int
        Identifier of the user.
    name : str
        First name of the user, or the username if the user has no first name.
    organization_name : str
        Name of the user's organization; empty if the user may not see it.
    organization_id : int
        Identifier of the user's organization.
    """

    type_: str
    id_: int
    name: str
    organization_name: str
    organization_id: int
