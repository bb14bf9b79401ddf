"""The users of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Readable, StoreResource

if TYPE_CHECKING:
    from ..._backend.store_rows import Message, User, UserInput, UserUpdate
    from ..._rows.references import Ref


class StoreUsers(StoreResource, Readable["User"]):
    """The users of the store: users of servers who have access to it."""

    _kind = "store_user"

    async def list(
        self,
        username: str | None = None,
        role: Ref | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[User]:
        """List users of the store.

        Parameters
        ----------
        username : str, optional
            Username of the users; ``%`` matches any characters, ``_`` exactly one.
        role : int, str or row, optional
            Role of the store that the users have.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("username", "admin")``; or several such pairs.

        Returns
        -------
        Rows of User
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        PermissionDeniedError
            If you do not have permission to view these users of the store.

        Examples
        --------
        >>> await client.store.user.list(field="username")
        [{'username': 'root'},
         {'username': 'admin'},
         {'username': 'researcher'},
         {'username': 'viewer'}]
        """
        listing = partial(
            self._store.list_users,
            username=username,
            role_id=await self._optional_id("store_role", role),
        )
        return await self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

    async def register(
        self,
        username: str,
        roles: Sequence[Ref],
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Register a user of your server with the store.

        Parameters
        ----------
        username : str
            Username on the server.
        roles : sequence of int, str or row
            Ids of the store roles to assign to the user.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        User
            The user, as known to the store.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to add users, or if the user would have more permissions
            than you do.

        Examples
        --------
        >>> user = await client.store.user.register("ada", roles=["Developer"])
        """
        ids = await self._ids("store_role", roles, "roles")
        body: UserInput = {"username": username, "roles": ids}
        return await self._save(self._store.create_user(body), field, fields)

    async def update(
        self,
        id_: Ref,
        roles: Sequence[Ref],
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Change the roles of a user of the store.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the user at the store.
        roles : sequence of int, str or row
            Ids of all roles of the user, replacing the current ones.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        User
            The updated user.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change the user, or if the user would have more
            permissions than you do.

        Examples
        --------
        >>> user = await client.store.user.update("ada", roles=["Developer", "Viewer"])
        """
        body: UserUpdate = {"roles": await self._ids("store_role", roles, "roles")}
        return await self._save(
            self._store.update_user(await self._resolve(id_), body), field, fields
        )

    async def delete(self, id_: Ref) -> Message:
        """Delete a user from the store.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the user at the store.

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
        PermissionDeniedError
            If you do not have permission to delete the user.

        Examples
        --------
        >>> message = await client.store.user.delete("ada")
        """
        return await self._apply(self._store.delete_user(await self._resolve(id_)))
