# Derived by unasync.py: edit facade/vantage6/client/_async/resources/user.py instead.
"""The people with an account."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from ..._http.request import without_none
from ..._http.secrets import secret
from ..._rows.rows import Rows
from ..._rows.selection import Selection, check_period
from ...errors import InvalidInputError
from .base import Named

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Message, User, UserInput, UserUpdate

    from ..._rows.references import Ref


class Users(Named["User"]):
    """The people with an account on the server."""

    _kind = "user"

    def get(
        self,
        id_: Ref | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Look up a user.

        Parameters
        ----------
        id_ : int, str or row, optional
            The user: its name, id or row; by default yourself.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        User
            The user.

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
        >>> client.user.get(fields=["username", "firstname"])
        {'username': 'researcher', 'firstname': 'Researcher'}
        """
        if id_ is None:
            id_ = self._core.whoami.id_
        return self._get(calls.get_user(self._resolve(id_)), field, fields)

    def list(
        self,
        username: str | None = None,
        organization: Ref | None = None,
        firstname: str | None = None,
        lastname: str | None = None,
        email: str | None = None,
        role: Ref | None = None,
        rule: Ref | None = None,
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
        organization : int, str or row, optional
            Keep the users of this organization.
        firstname, lastname, email : str, optional
            Keep users with these, with the same signs.
        role : int, str or row, optional
            Keep the users with this role.
        rule : int, str or row, optional
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
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        PermissionDeniedError
            When you may not see these users.

        Examples
        --------
        >>> client.user.list(organization="IKNL", field="email")
        [{'email': 'root@domain.ext'},
         {'email': 'researcher@example.org'},
         {'email': 'viewer@example.org'},
         {'email': 'admin@example.org'}]
        """
        seen = check_period("last_seen_from and last_seen_till", (last_seen_from, last_seen_till))
        listing = partial(
            calls.list_users,
            username=username,
            organization_id=self._optional_id("organization", organization),
            firstname=firstname,
            lastname=lastname,
            email=email,
            role_id=self._optional_id("role", role),
            rule_id=self._optional_id("rule", rule),
            last_seen_from=seen[0],
            last_seen_till=seen[1],
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)

    def create(
        self,
        username: str,
        firstname: str,
        lastname: str,
        password: str,
        email: str,
        organization: Ref | None = None,
        roles: Sequence[Ref] = (),
        rules: Sequence[Ref] = (),
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Make an account for a person.

        Parameters
        ----------
        username, firstname, lastname : str
            Names of the login and of the person.
        password : str
            A first password; the server wants at least 8 characters, with small and capital
            letters, a digit and another sign.
        email : str
            Where mail reaches the person; no two accounts share one.
        organization : int, str or row, optional
            The organization: its name, id or row; by default your own.
        roles, rules : sequence of int, str or row
            Identifiers of the roles, and of further rules, that say what the person may do.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        User
            The new user.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not add users there, or not with more permissions than you have yourself.

        Examples
        --------
        >>> user = client.user.create(
        ...     "ada", "Ada", "Lovelace", "Analytical-1843", "ada@example.org", roles=["Researcher"]
        ... )
        """
        password = secret(password, "password")
        body: UserInput = {
            "username": username,
            "firstname": firstname,
            "lastname": lastname,
            "password": password,
            "email": email,
            "organization_id": self._organization_id(organization),
            "roles": self._ids("role", roles, "roles"),
            "rules": self._ids("rule", rules, "rules"),
        }
        return self._get(calls.create_user(body), field, fields)

    def update(
        self,
        id_: Ref | None = None,
        firstname: str | None = None,
        lastname: str | None = None,
        organization: Ref | None = None,
        rules: Sequence[Ref] | None = None,
        roles: Sequence[Ref] | None = None,
        email: str | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Change a user.

        Parameters
        ----------
        id_ : int, str or row, optional
            The user: its name, id or row; by default yourself.
        firstname, lastname : str, optional
            New names.
        organization : int, str or row, optional
            Not possible: no server moves users to another organization, so this may only name the
            one they have.
        rules, roles : sequence of int, str or row, optional
            Identifiers of all rules, or roles, they are to have in place of those they have; not
            your own.
        email : str, optional
            A new address.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        User
            The user as it is now; what was not given stays as it was.

        Raises
        ------
        InvalidInputError
            When the user is of another organization than the one given; nothing was changed.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not change the user, or not to more permissions than you have yourself.

        Examples
        --------
        >>> client.user.update(lastname="King", fields=["firstname", "lastname"])
        {'firstname': 'Researcher', 'lastname': 'King'}
        """
        chosen = self._core.whoami.id_ if id_ is None else self._resolve(id_)
        home = self._optional_id("organization", organization)
        if home is not None:
            self._check_organization(chosen, home)
        body: UserUpdate = without_none(
            firstname=firstname,
            lastname=lastname,
            rules=self._ids("rule", rules, "rules"),
            roles=self._ids("role", roles, "roles"),
            email=email,
        )
        return self._get(calls.update_user(chosen, body), field, fields)

    def delete(
        self,
        id_: Ref,
    ) -> Message:
        """Delete the account of a user.

        Parameters
        ----------
        id_ : int, str or row
            The user: its name, id or row.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When tasks of the user are still there.
        PermissionDeniedError
            When you may not delete it.

        Examples
        --------
        >>> answer = client.user.delete("ada")
        """
        return self._send_message(calls.delete_user(self._resolve(id_)))

    def _check_organization(self, id_: int, organization: int) -> None:
        now = (self._core.send(calls.get_user(id_))).get("organization")
        if now is None or now["id"] != organization:
            raise InvalidInputError(
                f"user {id_} cannot be moved to organization {organization}: make a new account "
                "there"
            )
