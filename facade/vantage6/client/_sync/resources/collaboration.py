# Derived by unasync.py: edit facade/vantage6/client/_async/resources/collaboration.py instead.
"""The collaborations between organizations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ..._utils.threads import run_directly
from ...errors import InvalidInputError
from .base import Named

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import (
        Collaboration,
        CollaborationInput,
        CollaborationUpdate,
        Id,
        Message,
        Organization,
    )

    from ..._rows.references import Ref


class Collaborations(Named["Collaboration"]):
    """The agreements between organizations to run tasks together."""

    _kind = "collaboration"

    def get(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Collaboration:
        """Look up a collaboration.

        Parameters
        ----------
        id_ : int, str or row
            The collaboration: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Collaboration
            The collaboration.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.

        Examples
        --------
        >>> (client.collaboration.get("demo"))["encrypted"]
        True
        """
        return self._get(calls.get_collaboration(self._resolve(id_)), field, fields)

    def list(
        self,
        scope: str = "organization",
        name: str | None = None,
        encrypted: bool | None = None,
        organization: Ref | None = None,
        algorithm_store: Ref | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Collaboration]:
        """List collaborations.

        Parameters
        ----------
        scope : str
            ``"organization"`` for those of your own organization, ``"global"`` for all that you
            may see.
        name : str, optional
            Keep collaborations with this name; ``%`` stands for any characters, ``_`` for one.
        encrypted : bool, optional
            Keep those with, or without, encryption.
        organization : int, str or row, optional
            Keep those of this organization; only in the scope ``"global"``.
        algorithm_store : int, str or row, optional
            Keep those that are linked to this algorithm store.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("name", "demo")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Collaboration
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        InvalidInputError
            When there is no such scope.
        PermissionDeniedError
            When you may not see these collaborations.

        Examples
        --------
        >>> client.collaboration.list(fields=["id", "name"])
        [{'id': 1, 'name': 'demo'}]
        """
        if scope not in ("organization", "global"):
            raise InvalidInputError(f"scope must be 'organization' or 'global', not {scope!r}")
        if scope == "organization":
            organization = self._core.whoami.organization_id
        listing = partial(
            calls.list_collaborations,
            name=name,
            encrypted=encrypted,
            organization_id=self._optional_id("organization", organization),
            algorithm_store_id=self._optional_id("store", algorithm_store),
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)

    def create(
        self,
        name: str,
        organizations: Sequence[Ref],
        encrypted: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Collaboration:
        """Add a collaboration between organizations.

        Parameters
        ----------
        name : str
            Its name.
        organizations : sequence of int, str or row
            Its members.
        encrypted : bool
            Whether inputs and results are encrypted from one organization to the other.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Collaboration
            The new collaboration; its nodes are yet to be added.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not add collaborations.

        Examples
        --------
        >>> members = ["IKNL", "Maastro"]
        >>> collaboration = client.collaboration.create("pilot", members, encrypted=True)
        """
        body: CollaborationInput = {
            "name": name,
            "organization_ids": self._ids("organization", organizations, "organizations"),
            "encrypted": encrypted,
        }
        return self._get(calls.create_collaboration(body), field, fields)

    def update(
        self,
        id_: Ref | None = None,
        name: str | None = None,
        encrypted: bool | None = None,
        organizations: Sequence[Ref] | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Collaboration:
        """Change a collaboration.

        Parameters
        ----------
        id_ : int, str or row, optional
            The collaboration: its name, id or row; by default the one that
            ``setup_collaboration`` chose.
        name : str, optional
            A new name.
        encrypted : bool, optional
            Whether it is encrypted from now on.
        organizations : sequence of int, str or row, optional
            All that are to be its members, in place of those it has.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Collaboration
            The collaboration as it is now; what was not given stays as it was.

        Raises
        ------
        InvalidInputError
            When no collaboration is given, and none was chosen; nothing was sent.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not change it.

        Examples
        --------
        >>> client.collaboration.update("pilot", name="trial", field="name")
        {'name': 'trial'}
        """
        body: CollaborationUpdate = without_none(
            name=name,
            encrypted=encrypted,
            organization_ids=self._ids("organization", organizations, "organizations"),
        )
        call = calls.update_collaboration(self._required_collaboration_id(id_), body)
        return self._get(call, field, fields)

    def delete(
        self,
        id_: Ref | None = None,
        delete_dependents: bool = False,
    ) -> Message:
        """Delete a collaboration.

        Parameters
        ----------
        id_ : int, str or row, optional
            The collaboration: its name, id or row; by default the one that
            ``setup_collaboration`` chose.
        delete_dependents : bool
            Whether to delete its nodes, tasks and studies too; without, the server refuses as long
            as there are any.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        InvalidInputError
            When no collaboration is given, and none was chosen; nothing was sent.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not delete it.

        Examples
        --------
        >>> answer = client.collaboration.delete("pilot", delete_dependents=True)
        """
        chosen = self._required_collaboration_id(id_)
        return self._send_message(
            calls.delete_collaboration(chosen, delete_dependents=delete_dependents)
        )

    def trust(self, id_: Ref | None = None) -> bool:
        """Accept what the server says of a collaboration's encryption, now and from now on.

        Once a collaboration is known as encrypted, nothing is sent to it unencrypted until then; a
        strict client sends nothing unencrypted to any collaboration. To a collaboration that is
        accepted as encrypted nothing is sent unencrypted from the start.

        Parameters
        ----------
        id_ : int, str or row, optional
            The collaboration: its name, id or row; by default the one that
            ``setup_collaboration`` chose.

        Returns
        -------
        bool
            Whether it is encrypted. If not, the server can read what is sent there.

        Raises
        ------
        InvalidInputError
            When no collaboration is given, and none was chosen; nothing was sent.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.

        Examples
        --------
        >>> client.collaboration.trust("demo")
        True
        """
        call = calls.get_collaboration(self._required_collaboration_id(id_))
        row = self._core.send(call)
        return run_directly(self._core.trust.accept_encryption, row)

    def add_organization(
        self,
        organization: Ref,
        collaboration: Ref | None = None,
    ) -> Sequence[Organization]:
        """Make an organization a member of a collaboration.

        Parameters
        ----------
        organization : int, str or row
            The organization: its name, id or row.
        collaboration : int, str or row, optional
            The collaboration: its name, id or row; by default the one that
            ``setup_collaboration`` chose.

        Returns
        -------
        sequence of Organization
            All members, with the new one.

        Raises
        ------
        InvalidInputError
            When no collaboration is given, and none was chosen; nothing was sent.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not change the collaboration.

        Examples
        --------
        >>> members = client.collaboration.add_organization("Radboudumc", "pilot")
        """
        chosen = self._required_collaboration_id(collaboration)
        body: Id = {"id": self._id("organization", organization)}
        call = calls.add_organization_to_collaboration(chosen, body)
        return self._core.send(call)

    def remove_organization(
        self,
        organization: Ref,
        collaboration: Ref | None = None,
    ) -> Sequence[Organization]:
        """Take an organization out of a collaboration.

        Parameters
        ----------
        organization : int, str or row
            The organization: its name, id or row.
        collaboration : int, str or row, optional
            The collaboration: its name, id or row; by default the one that
            ``setup_collaboration`` chose.

        Returns
        -------
        sequence of Organization
            The members that remain.

        Raises
        ------
        InvalidInputError
            When no collaboration is given, and none was chosen; nothing was sent.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not change the collaboration.

        Examples
        --------
        >>> members = client.collaboration.remove_organization("Maastro", "pilot")
        """
        chosen = self._required_collaboration_id(collaboration)
        body: Id = {"id": self._id("organization", organization)}
        call = calls.remove_organization_from_collaboration(chosen, body)
        return self._core.send(call)
