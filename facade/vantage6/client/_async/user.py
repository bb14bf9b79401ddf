"""The people with an account."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from .._listing import Rows, Selection
from ._resource import Resource

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import User


class Users(Resource):
    """The people with an account on the server."""

    async def get(
        self,
        id_: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Look up a user.

        Parameters
        ----------
        id_ : int, optional
            Identifier of the user; by default yourself.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        User
            The user.

        Raises
        ------
        NotFound
            When there is none with this identifier.
        PermissionDenied
            When you may not see it.

        Examples
        --------
        >>> await client.user.get(fields=["username", "firstname"])
        {'username': 'researcher', 'firstname': 'Ada'}
        """
        if id_ is None:
            id_ = self._session.whoami.id_
        return await self._get(calls.get_user(id_), field, fields)

    async def list(
        self,
        username: str | None = None,
        organization: int | None = None,
        firstname: str | None = None,
        lastname: str | None = None,
        email: str | None = None,
        role: int | None = None,
        rule: int | None = None,
        last_seen_from: str | None = None,
        last_seen_till: str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[User]:
        """List users.

        Parameters
        ----------
        username : str, optional
            Keep users with this name; ``%`` stands for any characters, ``_`` for one.
        organization : int, optional
            Keep the users of this organization.
        firstname, lastname, email : str, optional
            Keep users with these, with the same signs.
        role : int, optional
            Keep the users with this role.
        rule : int, optional
            Keep the users with this rule of their own, apart from their roles.
        last_seen_from, last_seen_till : str, optional
            Keep users last seen within these times (ISO 8601, UTC).
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("status", "online")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of User
            The rows.

        Raises
        ------
        PermissionDenied
            When you may not see these users.

        Examples
        --------
        >>> await client.user.list(organization=1, field="username")
        [{'username': 'researcher'}]
        """
        listing = partial(
            calls.list_users,
            username=username,
            organization_id=organization,
            firstname=firstname,
            lastname=lastname,
            email=email,
            role_id=role,
            rule_id=rule,
            last_seen_from=last_seen_from,
            last_seen_till=last_seen_till,
        )
        selection = Selection(field, fields, filter_, filters)
        return await self._list(listing, page, per_page, selection)
