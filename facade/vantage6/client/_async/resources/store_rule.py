"""The permission rules of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._backend.positions import positions_of_5
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Named, StoreResource

if TYPE_CHECKING:
    from ..._backend.store_rows import Rule
    from ..._rows.references import Ref


class StoreRules(StoreResource, Named["Rule"]):
    """The permission rules of the store's roles."""

    _kind = "store_rule"

    @positions_of_5("name", "operation", "role", "user_id", "current_user", "page", "per_page")
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
        user_id: Ref | None = None,
        current_user: bool = False,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Rule]:
        """List rules of the store.

        Parameters
        ----------
        name : str, optional
            Kind of resource that the rules are for, such as ``"algorithm"``.
        operation : str, optional
            Operation that the rules allow, such as ``"view"``.
        role : int, str or row, optional
            Role of the store that contains the rules.
        username : str, optional
            User who has the rules.
        serverUrl : str, optional
            Server of that user. By default, the one that you are logged in to.
        user_id : int, str or row, optional
            User of the store who has the rules (HQ).
        current_user : bool
            Whether to list your own rules (HQ).
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("operation", "view")``; or several such pairs.

        Returns
        -------
        Rows of Rule
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        PermissionDeniedError
            If you do not have permission to view these rules of the store.

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
            **self._core.backend.only_in_5(
                "list_rules",
                user_id=await self._optional_id("store_user", user_id),
                current_user=current_user or None,
            ),
        )
        return await self._list(listing, page, per_page, Selection(field, fields, filter_, filters))
