# Derived by unasync.py: edit facade/vantage6/client/_async/resources/collaboration.py instead.
"""The collaborations between organizations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._backend.former_names import explains_former
from ..._backend.positions import positions_of_5
from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ..._utils.threads import run_directly
from ...errors import InvalidInputError
from .base import Readable

if TYPE_CHECKING:
    from ..._backend.rows import (
        Collaboration,
        CollaborationUpdate,
        Id,
        Message,
        Organization,
    )
    from ..._rows.references import Ref


class Collaborations(Readable["Collaboration"]):
    """The collaborations: agreements between organizations to run tasks together."""

    _kind = "collaboration"

    @explains_former("include_metadata")
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
            ``"organization"`` for the collaborations of your own organization, ``"global"`` for
            all that you have permission to view.
        name : str, optional
            Name of the collaborations; ``%`` matches any characters, ``_`` exactly one.
        encrypted : bool, optional
            Whether the collaborations are encrypted.
        organization : int, str or row, optional
            Member of the collaborations; only in the scope ``"global"``.
        algorithm_store : int, str or row, optional
            Algorithm store that the collaborations are linked to.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("name", "demo")``; or several such pairs.

        Returns
        -------
        Rows of Collaboration
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        InvalidInputError
            If the scope is not valid.
        PermissionDeniedError
            If you do not have permission to view these collaborations.

        Examples
        --------
        >>> client.collaboration.list(fields=["id", "name"])
        [{'id': 1, 'name': 'demo'}]
        """
        if scope not in ("organization", "global"):
            raise InvalidInputError(f"scope: expected 'organization' or 'global', got {scope!r}.")
        if scope == "organization":
            organization = self._core.whoami.organization_id
        listing = partial(
            self._server.list_collaborations,
            name=name,
            encrypted=encrypted,
            organization_id=self._optional_id("organization", organization),
            algorithm_store_id=self._optional_id("store", algorithm_store),
        )
        return self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

    @positions_of_5("name", "organizations", "encrypted", "session_restrict_to_same_image")
    def create(
        self,
        name: str,
        organizations: Sequence[Ref],
        encrypted: bool = False,
        *,
        session_restrict_to_same_image: bool = False,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Collaboration:
        """Create a collaboration between organizations.

        Parameters
        ----------
        name : str
            Name of the collaboration.
        organizations : sequence of int, str or row
            Members of the collaboration.
        encrypted : bool
            Whether inputs and results are encrypted between organizations.
        session_restrict_to_same_image : bool
            Whether all tasks of a session must use the image that extracted its first data frame
            (HQ).
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Collaboration
            The new collaboration, without nodes.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to create collaborations.

        Examples
        --------
        >>> members = ["IKNL", "Maastro"]
        >>> collaboration = client.collaboration.create("pilot", members, encrypted=True)
        """
        restrict = session_restrict_to_same_image or None
        body: Any = {
            "name": name,
            "organization_ids": self._ids("organization", organizations, "organizations"),
            "encrypted": encrypted,
            **self._core.backend.only_in_5(
                "create_collaboration", session_restrict_to_same_image=restrict
            ),
        }
        return self._save(self._server.create_collaboration(body), field, fields)

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
            Name, id or row of the collaboration. By default, the one chosen with
            ``setup_collaboration``.
        name : str, optional
            New name.
        encrypted : bool, optional
            Whether the collaboration is encrypted from now on.
        organizations : sequence of int, str or row, optional
            All members of the collaboration, replacing the current ones.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Collaboration
            The updated collaboration. Fields that are not given keep their values.

        Raises
        ------
        InvalidInputError
            If no collaboration is given and none was chosen; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change it.

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
        call = self._server.update_collaboration(self._required_collaboration_id(id_), body)
        return self._save(call, field, fields)

    def delete(self, id_: Ref | None = None, delete_dependents: bool = False) -> Message:
        """Delete a collaboration.

        Parameters
        ----------
        id_ : int, str or row, optional
            Name, id or row of the collaboration. By default, the one chosen with
            ``setup_collaboration``.
        delete_dependents : bool
            Whether to delete its nodes, tasks and studies as well. If False, the server refuses
            while there are any.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        InvalidInputError
            If no collaboration is given and none was chosen; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = client.collaboration.delete("pilot", delete_dependents=True)
        """
        collaboration_id = self._required_collaboration_id(id_)
        return self._apply(
            self._server.delete_collaboration(collaboration_id, delete_dependents=delete_dependents)
        )

    def trust(self, id_: Ref | None = None) -> bool:
        """Accept the encryption setting that the server reports for a collaboration.

        It is accepted now and for all later calls. Until then, nothing is sent unencrypted to a
        collaboration that is known to be encrypted; with a strict client, this applies to all
        collaborations. Once a collaboration is accepted as encrypted, nothing is ever sent to it
        unencrypted.

        Parameters
        ----------
        id_ : int, str or row, optional
            Name, id or row of the collaboration. By default, the one chosen with
            ``setup_collaboration``.

        Returns
        -------
        bool
            Whether the collaboration is encrypted. If not, the server can read all data sent to it.

        Raises
        ------
        InvalidInputError
            If no collaboration is given and none was chosen; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> client.collaboration.trust("demo")
        True
        """
        if id_ is not None:
            id_ = self._core.id_of(self._kind, id_, accepting=True)
        collaboration_id = self._required_collaboration_id(id_)
        row = self._core.send(self._server.get_collaboration(collaboration_id))
        return run_directly(self._core.trust.accept_encryption, row)

    def add_organization(
        self, organization: Ref, collaboration: Ref | None = None
    ) -> Sequence[Organization]:
        """Add an organization to a collaboration.

        Parameters
        ----------
        organization : int, str or row
            Name, id or row of the organization.
        collaboration : int, str or row, optional
            Name, id or row of the collaboration. By default, the one chosen with
            ``setup_collaboration``.

        Returns
        -------
        sequence of Organization
            All members, including the new one.

        Raises
        ------
        InvalidInputError
            If no collaboration is given and none was chosen; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to change the collaboration.

        Examples
        --------
        >>> members = client.collaboration.add_organization("Radboudumc", "pilot")
        """
        collaboration_id = self._required_collaboration_id(collaboration)
        body: Id = {"id": self._id("organization", organization)}
        return self._change(
            self._server.add_organization_to_collaboration(collaboration_id, body), "organization"
        )

    def remove_organization(
        self, organization: Ref, collaboration: Ref | None = None
    ) -> Sequence[Organization]:
        """Remove an organization from a collaboration.

        Parameters
        ----------
        organization : int, str or row
            Name, id or row of the organization.
        collaboration : int, str or row, optional
            Name, id or row of the collaboration. By default, the one chosen with
            ``setup_collaboration``.

        Returns
        -------
        sequence of Organization
            The remaining members.

        Raises
        ------
        InvalidInputError
            If no collaboration is given and none was chosen; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to change the collaboration.

        Examples
        --------
        >>> members = client.collaboration.remove_organization("Maastro", "pilot")
        """
        collaboration_id = self._required_collaboration_id(collaboration)
        body: Id = {"id": self._id("organization", organization)}
        return self._change(
            self._server.remove_organization_from_collaboration(collaboration_id, body),
            "organization",
        )
