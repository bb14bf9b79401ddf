"""The permission rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._backend.former_names import explains_former
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Readable

if TYPE_CHECKING:
    from ..._backend.rows import Rule
    from ..._rows.references import Ref


class Rules(Readable["Rule"]):
    """The permission rules of roles and users, as defined by the server."""

    _kind = "rule"

    @explains_former("include_metadata")
    async def list(
        self,
        name: str | None = None,
        operation: str | None = None,
        scope: str | None = None,
        role: Ref | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Rule]:
        """List rules.

        Parameters
        ----------
        name : str, optional
            Kind of resource that the rules are for, such as ``"task"``.
        operation : str, optional
            Operation that the rules allow, such as ``"VIEW"``.
        scope : str, optional
            Scope of the rules, such as ``"ORGANIZATION"``.
        role : int, str or row, optional
            Role that contains the rules.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("scope", "OWN")``; or several such pairs.

        Returns
        -------
        Rows of Rule
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view these rules.

        Examples
        --------
        >>> await client.rule.list(name="event", scope="GLOBAL", fields=["id", "operation"])
        [{'id': 72, 'operation': 'RECEIVE'}, {'id': 75, 'operation': 'SEND'}]
        """
        listing = partial(
            self._server.list_rules,
            name=name,
            operation=operation,
            scope=scope,
            role_id=await self._optional_id("role", role),
        )
        return await self._list(listing, page, per_page, Selection(field, fields, filter_, filters))
