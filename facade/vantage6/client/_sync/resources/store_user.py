# Derived by unasync.py: edit facade/vantage6/client/_async/resources/store_user.py instead.
"""The people that the chosen algorithm store knows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.store import calls

from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Named, StoreResource

if TYPE_CHECKING:
    from vantage6.bindings.store.rows import Message, User, UserInput, UserUpdate

    from ..._rows.references import Ref


class StoreUsers(StoreResource, Named["User"]):
    """Users of servers that have access to the store."""

    _kind = "store_user"

    def get(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Look up an user.

        Parameters
        ----------
        id_ : int, str or row
            The user: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        User
            The user.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.

        Examples
        --------
        >>> (client.store.user.get("admin"))["username"]
        'admin'
        """
        return self._get(calls.get_user(self._resolve(id_)), field, fields)

    def list(
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
            Keep users with this name; ``%`` stands for any characters, ``_`` for one.
        role : int, str or row, optional
            Keep the users with this role of the store.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("username", "admin")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of User
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        PermissionDeniedError
            When you may not see these users of the store.

        Examples
        --------
        >>> client.store.user.list(field="username")
        [{'username': 'root'},
         {'username': 'admin'},
         {'username': 'researcher'},
         {'username': 'viewer'}]
        """
        listing = partial(
            calls.list_users,
            username=username,
            role_id=self._optional_id("store_role", role),
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)

    def register(
        self,
        username: str,
        roles: Sequence[Ref],
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Make a user of your server known to the store.

        Parameters
        ----------
        username : str
            Their name at the server.
        roles : sequence of int, str or row
            Identifiers of the roles of the store that they are to have.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        User
            The user, as the store knows them.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not add users, or not with more permissions than you have.

        Examples
        --------
        >>> user = client.store.user.register("ada", roles=["Developer"])
        """
        ids = self._ids("store_role", roles, "roles")
        body: UserInput = {"username": username, "roles": ids}
        return self._get(calls.create_user(body), field, fields)

    def update(
        self,
        id_: Ref,
        roles: Sequence[Ref],
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Give a user of the store other roles.

        Parameters
        ----------
        id_ : int, str or row
            The user: its name, id or row, at the store.
        roles : sequence of int, str or row
            Identifiers of all roles they are to have, in place of those they have.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        User
            The user as they are now.

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
            When you may not change them, or not to more permissions than you have.

        Examples
        --------
        >>> user = client.store.user.update("ada", roles=["Developer", "Viewer"])
        """
        body: UserUpdate = {"roles": self._ids("store_role", roles, "roles")}
        return self._get(calls.update_user(self._resolve(id_), body), field, fields)

    def delete(
        self,
        id_: Ref,
    ) -> Message:
        """Let the store forget a user.

        Parameters
        ----------
        id_ : int, str or row
            The user: its name, id or row, at the store.

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
        PermissionDeniedError
            When you may not delete them.

        Examples
        --------
        >>> answer = client.store.user.delete("ada")
        """
        return self._send_message(calls.delete_user(self._resolve(id_)))
