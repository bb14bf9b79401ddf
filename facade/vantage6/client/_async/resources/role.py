"""The roles of users."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._backend.former_names import explains_former
from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Readable

if TYPE_CHECKING:
    from ..._backend.rows import Message, Role, RoleInput, RoleUpdate
    from ..._rows.references import Ref


class Roles(Readable["Role"]):
    """The roles: named sets of rules that users can have."""

    _kind = "role"

    @explains_former("include_metadata")
    async def list(
        self,
        name: str | None = None,
        description: str | None = None,
        organization: Ref | None = None,
        rule: Ref | None = None,
        user: Ref | None = None,
        include_root: bool | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Role]:
        """List roles.

        Parameters
        ----------
        name, description : str, optional
            Name and description of the roles; ``%`` matches any characters, ``_`` exactly one.
        organization : int, str or row, optional
            Organization that defined the roles.
        rule : int, str or row, optional
            Rule that the roles contain.
        user : int, str or row, optional
            User who has the roles.
        include_root : bool, optional
            Whether to include roles that belong to no organization, such as the default ones.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("organization", None)``; or several such pairs.

        Returns
        -------
        Rows of Role
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view these roles.

        Examples
        --------
        >>> await client.role.list(name="Res%", fields=["id", "name"])
        [{'id': 5, 'name': 'Researcher'}]
        """
        owner = await self._optional_id("organization", organization)
        listing = partial(
            self._server.list_roles,
            name=name,
            description=description,
            organization_id=None if owner is None else [owner],
            rule_id=await self._optional_id("rule", rule),
            user_id=await self._optional_id("user", user),
            include_root=include_root,
        )
        return await self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

    async def create(
        self,
        name: str,
        description: str,
        rules: Sequence[Ref],
        organization: Ref | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Role:
        """Create a role.

        Parameters
        ----------
        name, description : str
            Name and purpose of the role.
        rules : sequence of int, str or row
            Ids of the rules in the role, as listed by ``client.rule.list``.
        organization : int, str or row, optional
            Organization that defines the role. By default, your own.
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
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to create roles there, or if the role would have more
            permissions than you do.

        Examples
        --------
        >>> rules = await client.rule.list(operation="VIEW", scope="ORGANIZATION")
        >>> ids = [rule["id"] for rule in rules]
        >>> role = await client.role.create("watcher", "read-only access", ids)
        """
        body: RoleInput = {
            "name": name,
            "description": description,
            "rules": await self._ids("rule", rules, "rules"),
            "organization_id": await self._organization_id(organization),
        }
        return await self._save(self._server.create_role(body), field, fields)

    async def update(
        self,
        role: Ref,
        name: str | None = None,
        description: str | None = None,
        rules: Sequence[Ref] | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Role:
        """Change a role.

        Parameters
        ----------
        role : int, str or row
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
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change it, or if the role would have more permissions
            than you do.

        Examples
        --------
        >>> await client.role.update("watcher", name="onlooker", field="name")
        {'name': 'onlooker'}
        """
        ids = await self._ids("rule", rules, "rules")
        body: RoleUpdate = without_none(name=name, description=description, rules=ids)
        return await self._save(
            self._server.update_role(await self._resolve(role), body), field, fields
        )

    async def delete(self, role: Ref) -> Message:
        """Delete a role.

        Parameters
        ----------
        role : int, str or row
            Name, id or row of the role.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If users still have the role.
        PermissionDeniedError
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = await client.role.delete("watcher")
        """
        return await self._apply(self._server.delete_role(await self._resolve(role)))
