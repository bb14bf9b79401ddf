"""The permission rules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Named

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Rule

    from ..._rows.references import Ref


class Rules(Named["Rule"]):
    """The permissions that roles and users are made of; the server defines them."""

    _kind = "rule"

    async def get(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Rule:
        """Look up a rule.

        Parameters
        ----------
        id_ : int, str or row
            The rule: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Rule
            The rule.

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
        >>> await client.rule.get(1, fields=["name", "scope", "operation"])
        {'name': 'node', 'scope': 'GLOBAL', 'operation': 'VIEW'}
        """
        return await self._get(calls.get_rule(await self._resolve(id_)), field, fields)

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
            Keep the rules about this kind of resource, such as ``"task"``.
        operation : str, optional
            Keep the rules that allow this, such as ``"VIEW"``.
        scope : str, optional
            Keep the rules that reach this far, such as ``"ORGANIZATION"``.
        role : int, str or row, optional
            Keep the rules of this role.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("scope", "OWN")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Rule
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        PermissionDeniedError
            When you may not see these rules.

        Examples
        --------
        >>> await client.rule.list(name="event", scope="GLOBAL", fields=["id", "operation"])
        [{'id': 72, 'operation': 'RECEIVE'}, {'id': 75, 'operation': 'SEND'}]
        """
        listing = partial(
            calls.list_rules,
            name=name,
            operation=operation,
            scope=scope,
            role_id=await self._optional_id("role", role),
        )
        selection = Selection(field, fields, filter_, filters)
        return await self._list(listing, page, per_page, selection)
