"""The collaborations between organizations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from .._listing import Rows, Selection
from ..errors import InvalidInput
from ._resource import Resource

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Collaboration


class Collaborations(Resource):
    """The agreements between organizations to run tasks together."""

    async def get(
        self,
        id_: int,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Collaboration:
        """Look up a collaboration.

        Parameters
        ----------
        id_ : int
            Identifier of the collaboration.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Collaboration
            The collaboration.

        Raises
        ------
        NotFound
            When there is none with this identifier.
        PermissionDenied
            When you may not see it.

        Examples
        --------
        >>> (await client.collaboration.get(1))["encrypted"]
        True
        """
        return await self._get(calls.get_collaboration(id_), field, fields)

    async def list(
        self,
        scope: str = "organization",
        name: str | None = None,
        encrypted: bool | None = None,
        organization: int | None = None,
        algorithm_store: int | None = None,
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
        organization : int, optional
            Keep those of this organization; only in the scope ``"global"``.
        algorithm_store : int, optional
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
        InvalidInput
            When there is no such scope.
        PermissionDenied
            When you may not see these collaborations.

        Examples
        --------
        >>> await client.collaboration.list(fields=["id", "name"])
        [{'id': 1, 'name': 'demo'}]
        """
        if scope not in ("organization", "global"):
            raise InvalidInput(f"scope must be 'organization' or 'global', not {scope!r}")
        if scope == "organization":
            organization = self._session.whoami.organization_id
        listing = partial(
            calls.list_collaborations,
            name=name,
            encrypted=encrypted,
            organization_id=organization,
            algorithm_store_id=algorithm_store,
        )
        selection = Selection(field, fields, filter_, filters)
        return await self._list(listing, page, per_page, selection)
