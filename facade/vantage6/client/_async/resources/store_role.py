"""The roles of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.store import calls

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Named, StoreResource

if TYPE_CHECKING:
    from vantage6.bindings.store.rows import Message, Role, RoleInput, RoleUpdate

    from ..._rows.references import Ref


class StoreRoles(StoreResource, Named["Role"]):
    """Named sets of rules that users of the store can have."""

    _kind = "store_role"

    async def list(
        self,
        name: str | None = None,
        description: str | None = None,
        user: Ref | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Role]:
        """List roles of the store.

        Parameters
        ----------
        name : str, optional
            Keep roles with this name; ``%`` stands for any characters, ``_`` for one.
        description : str, optional
            Keep roles with this description, with the same signs.
        user : int, str or row, optional
            Keep the roles of this user of the store.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("is_default_role", True)``, or
            those that pass several such filters.

        Returns
        -------
        Rows of Role
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        PermissionDeniedError
            When you may not see these roles of the store.

        Examples
        --------
        >>> await client.store.role.list(name="Dev%", field="name")
        [{'name': 'Developer'}]
        """
        listing = partial(
            calls.list_roles,
            name=name,
            description=description,
            user_id=await self._optional_id("store_user", user),
        )
        selection = Selection(field, fields, filter_, filters)
        return await self._list(listing, page, per_page, selection)

    async def create(
        self,
        name: str,
        description: str,
        rules: Sequence[Ref],
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Role:
        """Add a role to the store.

        Parameters
        ----------
        name : str
            Its name.
        description : str
            What it is for.
        rules : sequence of int, str or row
            Identifiers of its rules, as ``client.store.rule.list`` tells them.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Role
            The new role.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not add roles, or not with more permissions than you have.
        UnsupportedServerVersionError
            When the store is older than 4.10; its roles cannot be changed.

        Examples
        --------
        >>> looking = await client.store.rule.list(operation="view")
        >>> ids = [rule["id"] for rule in looking]
        >>> role = await client.store.role.create("watcher", "may look around", ids)
        """
        body: RoleInput = {
            "name": name,
            "description": description,
            "rules": await self._ids("store_rule", rules, "rules"),
        }
        return await self._get(calls.create_role(body), field, fields)

    async def edit(
        self,
        role_id: Ref,
        name: str | None = None,
        description: str | None = None,
        rules: Sequence[Ref] | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Role:
        """Change a role of the store.

        Parameters
        ----------
        role_id : int, str or row
            The role: its name, id or row.
        name : str, optional
            A new name.
        description : str, optional
            A new description.
        rules : sequence of int, str or row, optional
            Identifiers of all its rules, in place of those it has.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Role
            The role as it is now; what was not given stays as it was.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not change it, or not to more permissions than you have.
        UnsupportedServerVersionError
            When the store is older than 4.10; its roles cannot be changed.

        Examples
        --------
        >>> await client.store.role.edit("watcher", name="onlooker", field="name")
        {'name': 'onlooker'}
        """
        ids = await self._ids("store_rule", rules, "rules")
        body: RoleUpdate = without_none(name=name, description=description, rules=ids)
        return await self._get(calls.update_role(await self._resolve(role_id), body), field, fields)

    async def delete(
        self,
        role_id: Ref,
    ) -> Message:
        """Delete a role of the store.

        Parameters
        ----------
        role_id : int, str or row
            The role: its name, id or row.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When users still have it.
        PermissionDeniedError
            When you may not delete it.
        UnsupportedServerVersionError
            When the store is older than 4.10; its roles cannot be changed.

        Examples
        --------
        >>> answer = await client.store.role.delete("watcher")
        """
        return await self._send_message(calls.delete_role(await self._resolve(role_id)))
