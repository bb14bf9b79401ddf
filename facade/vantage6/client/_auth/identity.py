"""The user who is logged in."""

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
        First name of the user; the username where there is none.
    organization_name : str
        Name of the user's organization; empty where the user may not see it.
    organization_id : int
        Identifier of the user's organization.
    """

    type_: str
    id_: int
    name: str
    organization_name: str
    organization_id: int
