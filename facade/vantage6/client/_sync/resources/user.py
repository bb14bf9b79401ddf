# Derived by unasync.py: edit facade/vantage6/client/_async/resources/user.py instead.
"""The users of the server."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._backend.former_names import explains_former
from ..._backend.positions import positions_of_5
from ..._http.request import without_none
from ..._http.secrets import secret
from ..._rows.rows import Rows
from ..._rows.selection import Selection, check_period
from ...errors import InvalidInputError
from .base import Named

if TYPE_CHECKING:
    from ..._backend.rows import Message, User
    from ..._rows.references import Ref


class Users(Named["User"]):
    """The users: people with an account on the server."""

    _kind = "user"

    def get(
        self,
        id_: Ref | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Return a user.

        Parameters
        ----------
        id_ : int, str or row, optional
            Name, id or row of the user. By default, yourself.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        User
            The user.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> client.user.get(fields=["username", "firstname"])
        {'username': 'researcher', 'firstname': 'Researcher'}
        """
        if id_ is None:
            id_ = self._core.whoami.id_
        return self._get(self._server.get_user(self._resolve(id_)), field, fields)

    @explains_former("include_metadata")
    @positions_of_5(
        "username",
        "organization",
        "role",
        "rule",
        "last_seen_from",
        "last_seen_till",
        "page",
        "per_page",
    )
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
            Username of the users; ``%`` matches any characters, ``_`` exactly one.
        organization : int, str or row, optional
            Organization that the users belong to.
        firstname, lastname, email : str, optional
            First name, last name and email address of the users, with the same wildcards.
        role : int, str or row, optional
            Role that the users have.
        rule : int, str or row, optional
            Rule that the users have directly, not through a role.
        last_seen_from, last_seen_till : str, optional
            Range of times in which the users were last seen (ISO 8601, UTC).
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("status", "online")``; or several such pairs.

        Returns
        -------
        Rows of User
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view these users.

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
            self._server.list_users,
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
        return self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

    @positions_of_5("username", "password", "organization", "roles", "rules", "is_service_account")
    def create(
        self,
        username: str,
        firstname: str | None = None,
        lastname: str | None = None,
        password: str | None = None,
        email: str | None = None,
        organization: Ref | None = None,
        roles: Sequence[Ref] | None = (),
        rules: Sequence[Ref] | None = (),
        *,
        is_service_account: bool = False,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Create a user account.

        Parameters
        ----------
        username : str
            Username for the login.
        firstname, lastname : str
            First and last name of the person; required on servers 4.x, and unknown to HQ.
        password : str
            Initial password; none for a service account. Servers 4.x require at least 8 characters,
            including lowercase and uppercase letters, a digit and a special character.
        email : str
            Email address of the person, which must be unique among accounts; required on servers
            4.x, and unknown to HQ.
        organization : int, str or row, optional
            Name, id or row of the organization. By default, your own.
        roles, rules : sequence of int, str or row
            Ids of the roles, and of additional rules, that determine the user's permissions.
        is_service_account : bool
            Whether the account is one for scripts (HQ). The row then has its ``"client_secret"``,
            which HQ sends only once.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        User
            The new user.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to create users there, or if the user would have more
            permissions than you do.

        Examples
        --------
        >>> user = client.user.create(
        ...     "ada", "Ada", "Lovelace", "Analytical-1843", "ada@example.org", roles=["Researcher"]
        ... )
        """
        backend, operation = self._core.backend, "create_user"
        body: Any = {
            "username": username,
            "organization_id": self._organization_id(organization),
            "roles": self._ids("role", roles or (), "roles"),
            "rules": self._ids("rule", rules or (), "rules"),
        }
        if password is not None:
            body["password"] = secret(password, "password")
        body |= backend.only_in_4(operation, firstname=firstname, lastname=lastname, email=email)
        body |= backend.only_in_5(operation, is_service_account=is_service_account or None)
        return self._save(self._server.create_user(body), field, fields)

    @positions_of_5("id_", "rules", "roles")
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
            Name, id or row of the user. By default, yourself.
        firstname, lastname : str, optional
            New names.
        organization : int, str or row, optional
            Not supported: servers cannot move users to another organization, so only the user's
            current organization is accepted.
        rules, roles : sequence of int, str or row, optional
            Ids of all rules, or roles, of the user, replacing the current ones. You cannot change
            your own.
        email : str, optional
            New email address.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        User
            The updated user. Fields that are not given keep their values.

        Raises
        ------
        InvalidInputError
            If the user belongs to a different organization than the given one; nothing is changed.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change the user, or if the user would have more
            permissions than you do.

        Examples
        --------
        >>> client.user.update(lastname="King", fields=["firstname", "lastname"])
        {'firstname': 'Researcher', 'lastname': 'King'}
        """
        user_id = self._core.whoami.id_ if id_ is None else self._resolve(id_)
        organization_id = self._optional_id("organization", organization)
        if organization_id is not None:
            self._check_organization(user_id, organization_id)
        body: Any = without_none(
            rules=self._ids("rule", rules, "rules"),
            roles=self._ids("role", roles, "roles"),
        ) | self._core.backend.only_in_4(
            "update_user", firstname=firstname, lastname=lastname, email=email
        )
        return self._save(self._server.update_user(user_id, body), field, fields)

    def get_own_user(
        self,
        include_permissions: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> User:
        """Return your own user.

        Parameters
        ----------
        include_permissions : bool
            Whether ``["permissions"]`` contains what you may do (HQ).
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        User
            Your user.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.

        Examples
        --------
        >>> (client.user.get_own_user())["username"]
        'researcher'
        """
        given = self._core.backend.only_in_5(
            "get_current_user", include_permissions=include_permissions or None
        )
        if given:
            call: Any = self._core.backend.sessions.get_current_user(**given)
            return self._get(call, field, fields)
        return self.get(field=field, fields=fields)

    def delete(self, id_: Ref) -> Message:
        """Delete the account of a user.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the user.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If tasks of the user still exist.
        PermissionDeniedError
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = client.user.delete("ada")
        """
        return self._apply(self._server.delete_user(self._resolve(id_)))

    def _check_organization(self, id_: int, organization: int) -> None:
        current = (self._core.send(self._server.get_user(id_))).get("organization")
        if current is None or current["id"] != organization:
            raise InvalidInputError(
                f"organization: expected the organization of user {id_}, got {organization}. "
                "Users cannot be moved to another organization: create a new account there."
            )
