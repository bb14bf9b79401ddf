# Derived from facade/vantage6/client/_async/study.py by unasync.py: edit that instead.
"""The studies within collaborations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from .._listing import Rows, Selection
from ._resource import Resource

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Study


class Studies(Resource):
    """Subsets of the organizations of a collaboration, for one question."""

    def get(
        self,
        id_: int,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Study:
        """Look up a study.

        Parameters
        ----------
        id_ : int
            Identifier of the study.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Study
            The study.

        Raises
        ------
        NotFound
            When there is none with this identifier.
        PermissionDenied
            When you may not see it.

        Examples
        --------
        >>> client.study.get(1, fields=["id", "name"])
        {'id': 1, 'name': 'demo subset'}
        """
        return self._get(calls.get_study(id_), field, fields)

    def list(
        self,
        name: str | None = None,
        organization: int | None = None,
        collaboration: int | None = None,
        include_organizations: bool = False,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Study]:
        """List studies.

        Parameters
        ----------
        name : str, optional
            Keep studies with this name; ``%`` stands for any characters, ``_`` for one.
        organization : int, optional
            Keep the studies that this organization takes part in.
        collaboration : int, optional
            Keep the studies of this collaboration.
        include_organizations : bool
            Whether to put the organizations into ``["organizations"]`` in place of a link.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("name", "demo")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Study
            The rows.

        Raises
        ------
        PermissionDenied
            When you may not see these studies.

        Examples
        --------
        >>> client.study.list(name="%subset", fields=["id", "name"])
        [{'id': 1, 'name': 'demo subset'}]
        """
        listing = partial(
            calls.list_studies,
            name=name,
            organization_id=organization,
            collaboration_id=collaboration,
            include=["organizations"] if include_organizations else None,
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)
