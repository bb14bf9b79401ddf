"""The permission rules of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Named, StoreResource

if TYPE_CHECKING:
    from ..._backend.store_rows import Rule
    from ..._rows.references import Ref


class StoreRules(StoreResource, Named["Rule"]):
    """The permissions that the store's roles are made of."""

    _kind = "store_rule"

    async def list(
        self,
        name: str | None = None,
        operation: str | None = None,
        role: Ref | None = None,
        username: str | None = None,
        serverUrl: str | None = None,  # noqa: N803 - scripts know it by this name
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Rule]:
        """List rules of the store.

        Parameters
        ----------
        name : str, optional
            Keep the rules about this kind of thing, such as ``"algorithm"``.
        operation : str, optional
            Keep the rules that allow this, such as ``"view"``.
        role : int, str or row, optional
            Keep the rules of this role of the store.
        username : str, optional
            Keep the rules that this user has.
        serverUrl : str, optional
            The server of that user; by default the one you are logged in at.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("operation", "view")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Rule
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        PermissionDeniedError
            When you may not see these rules of the store.

        Examples
        --------
        >>> await client.store.rule.list("review", "view", fields=["name", "operation"])
        [{'name': 'review', 'operation': 'view'}]
        """
        server_url = serverUrl or self._core.address.url if username else None
        listing = partial(
            self._store.list_rules,
            name=name,
            operation=operation,
            role_id=await self._optional_id("store_role", role),
            username=username,
            server_url=server_url,
        )
        selection = Selection(field, fields, filter_, filters)
        return await self._list(listing, page, per_page, selection)
