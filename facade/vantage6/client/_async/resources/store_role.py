"""The roles of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Named, StoreResource

if TYPE_CHECKING:
    from ..._backend.store_rows import Message, Role, RoleInput, RoleUpdate
    from ..._rows.references import Ref


class StoreRoles(StoreResource, Named["Role"]):
    """The roles of the store: named sets of rules that its users can have."""

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
        name, description : str, optional
            Name and description of the roles; ``%`` matches any characters, ``_`` exactly one.
        user : int, str or row, optional
            User of the store who has the roles.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("is_default_role", True)``; or several such pairs.

        Returns
        -------
        Rows of Role
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        PermissionDeniedError
            If you do not have permission to view these roles of the store.

        Examples
        --------
        >>> await client.store.role.list(name="Dev%", field="name")
        [{'name': 'Developer'}]
        """
        listing = partial(
            self._store.list_roles,
            name=name,
            description=description,
            user_id=await self._optional_id("store_user", user),
        )
        return await self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

    async def create(
        self,
        name: str,
        description: str,
        rules: Sequence[Ref],
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Role:
        """Create a role in the store.

        Parameters
        ----------
        name, description : str
            Name and purpose of the role.
        rules : sequence of int, str or row
            Ids of the rules in the role, as listed by ``client.store.rule.list``.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Role
            The new role.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to create roles, or if the role would have more
            permissions than you do.
        UnsupportedServerVersionError
            If the store is older than 4.10; its roles cannot be changed.

        Examples
        --------
        >>> rules = await client.store.rule.list(operation="view")
        >>> ids = [rule["id"] for rule in rules]
        >>> role = await client.store.role.create("watcher", "read-only access", ids)
        """
        body: RoleInput = {
            "name": name,
            "description": description,
            "rules": await self._ids("store_rule", rules, "rules"),
        }
        return await self._save(self._store.create_role(body), field, fields)

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
            Name, id or row of the role.
        name, description : str, optional
            New name and description.
        rules : sequence of int, str or row, optional
            Ids of all rules in the role, replacing the current ones.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Role
            The updated role. Fields that are not given keep their values.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change it, or if the role would have more permissions
            than you do.
        UnsupportedServerVersionError
            If the store is older than 4.10; its roles cannot be changed.

        Examples
        --------
        >>> await client.store.role.edit("watcher", name="onlooker", field="name")
        {'name': 'onlooker'}
        """
        ids = await self._ids("store_rule", rules, "rules")
        body: RoleUpdate = without_none(name=name, description=description, rules=ids)
        return await self._save(
            self._store.update_role(await self._resolve(role_id), body), field, fields
        )

    async def delete(self, role_id: Ref) -> Message:
        """Delete a role of the store.

        Parameters
        ----------
        role_id : int, str or row
            Name, id or row of the role.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If users still have the role.
        PermissionDeniedError
            If you do not have permission to delete it.
        UnsupportedServerVersionError
            If the store is older than 4.10; its roles cannot be changed.

        Examples
        --------
        >>> message = await client.store.role.delete("watcher")
        """
        return await self._apply(self._store.delete_role(await self._resolve(role_id)))
