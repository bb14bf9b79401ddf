# Derived from facade/vantage6/client/_async/organization.py by unasync.py: edit that instead.
"""The organizations that take part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from .._listing import Rows, Selection
from ._resource import Resource

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Organization


class Organizations(Resource):
    """The organizations that take part, with their addresses and public keys."""

    def get(
        self,
        id_: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Organization:
        """Look up an organization.

        Parameters
        ----------
        id_ : int, optional
            Identifier of the organization; by default your own.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Organization
            The organization.

        Raises
        ------
        NotFound
            When there is none with this identifier.
        PermissionDenied
            When you may not see it.

        Examples
        --------
        >>> client.organization.get(field="name")
        {'name': 'IKNL'}
        """
        if id_ is None:
            id_ = self._session.whoami.organization_id
        return self._get(calls.get_organization(id_), field, fields)

    def list(
        self,
        name: str | None = None,
        country: str | None = None,
        collaboration: int | None = None,
        study: int | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Organization]:
        """List organizations.

        Parameters
        ----------
        name : str, optional
            Keep organizations with this name; ``%`` stands for any characters, ``_`` for one.
        country : str, optional
            Keep organizations in this country.
        collaboration : int, optional
            Keep the members of this collaboration; by default of the one that
            ``setup_collaboration`` chose, if any.
        study : int, optional
            Keep the members of this study.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("country", "NL")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Organization
            The rows.

        Raises
        ------
        PermissionDenied
            When you may not see these organizations.

        Examples
        --------
        >>> client.organization.list(collaboration=1, fields=["id", "name"])
        [{'id': 1, 'name': 'IKNL'}, {'id': 2, 'name': 'Maastro'}]
        """
        listing = partial(
            calls.list_organizations,
            name=name,
            country=country,
            collaboration_id=self._collaboration(collaboration),
            study_id=study,
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)
