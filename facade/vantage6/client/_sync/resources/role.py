# Derived by unasync.py: edit facade/vantage6/client/_async/resources/role.py instead.
"""The roles of users."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Named

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Message, Role, RoleInput, RoleUpdate

    from ..._rows.references import Ref


class Roles(Named["Role"]):
    """Named sets of rules that users can have."""

    _kind = "role"

    def get(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Role:
        """Look up a role.

        Parameters
        ----------
        id_ : int, str or row
            The role: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Role
            The role.

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
        >>> (client.role.get("Researcher"))["name"]
        'Researcher'
        """
        return self._get(calls.get_role(self._resolve(id_)), field, fields)

    def list(
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
        name : str, optional
            Keep roles with this name; ``%`` stands for any characters, ``_`` for one.
        description : str, optional
            Keep roles with this description, with the same signs.
        organization : int, str or row, optional
            Keep the roles that this organization defined.
        rule : int, str or row, optional
            Keep the roles that contain this rule.
        user : int, str or row, optional
            Keep the roles of this user.
        include_root : bool, optional
            Whether to add the roles that belong to no organization, as the default ones do.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("organization", None)``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Role
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        PermissionDeniedError
            When you may not see these roles.

        Examples
        --------
        >>> client.role.list(name="Res%", fields=["id", "name"])
        [{'id': 5, 'name': 'Researcher'}]
        """
        owner = self._optional_id("organization", organization)
        listing = partial(
            calls.list_roles,
            name=name,
            description=description,
            organization_id=None if owner is None else [owner],
            rule_id=self._optional_id("rule", rule),
            user_id=self._optional_id("user", user),
            include_root=include_root,
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)

    def create(
        self,
        name: str,
        description: str,
        rules: Sequence[Ref],
        organization: Ref | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Role:
        """Add a role.

        Parameters
        ----------
        name : str
            Its name.
        description : str
            What it is for.
        rules : sequence of int, str or row
            Identifiers of its rules, as ``client.rule.list`` tells them.
        organization : int, str or row, optional
            Identifier of the organization that defines it; by default your own.
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
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not add roles there, or not with more permissions than you have yourself.

        Examples
        --------
        >>> watching = client.rule.list(operation="VIEW", scope="ORGANIZATION")
        >>> ids = [rule["id"] for rule in watching]
        >>> role = client.role.create("watcher", "may look around", ids)
        """
        body: RoleInput = {
            "name": name,
            "description": description,
            "rules": self._ids("rule", rules, "rules"),
            "organization_id": self._organization_id(organization),
        }
        return self._get(calls.create_role(body), field, fields)

    def update(
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
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not change it, or not to more permissions than you have yourself.

        Examples
        --------
        >>> client.role.update("watcher", name="onlooker", field="name")
        {'name': 'onlooker'}
        """
        ids = self._ids("rule", rules, "rules")
        body: RoleUpdate = without_none(name=name, description=description, rules=ids)
        return self._get(calls.update_role(self._resolve(role), body), field, fields)

    def delete(
        self,
        role: Ref,
    ) -> Message:
        """Delete a role.

        Parameters
        ----------
        role : int, str or row
            The role: its name, id or row.

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
            When users still have it.
        PermissionDeniedError
            When you may not delete it.

        Examples
        --------
        >>> answer = client.role.delete("watcher")
        """
        return self._send_message(calls.delete_role(self._resolve(role)))
