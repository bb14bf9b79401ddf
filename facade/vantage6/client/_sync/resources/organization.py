# Derived by unasync.py: edit facade/vantage6/client/_async/resources/organization.py instead.
"""The organizations that take part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from ..._encryption.trust import fingerprint_of
from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ..._utils.threads import run_directly
from .base import Named

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import (
        Message,
        Organization,
        OrganizationInput,
        OrganizationUpdate,
    )

    from ..._rows.references import Ref


class Organizations(Named["Organization"]):
    """The organizations that take part, with their addresses and public keys."""

    _kind = "organization"

    def get(
        self,
        id_: Ref | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Organization:
        """Look up an organization.

        Parameters
        ----------
        id_ : int, str or row, optional
            The organization: its name, id or row; by default your own.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Organization
            The organization.

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
        >>> client.organization.get(field="name")
        {'name': 'IKNL'}
        """
        return self._get(calls.get_organization(self._organization_id(id_)), field, fields)

    def list(
        self,
        name: str | None = None,
        country: str | None = None,
        collaboration: Ref | None = None,
        study: Ref | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Organization]:
        """List organizations.

        Parameters
        ----------
        name : str, optional
            Keep organizations with this name; ``%`` stands for any characters, ``_`` for one.
        country : str, optional
            Keep organizations in this country.
        collaboration : int, str or row, optional
            Keep the members of this collaboration; by default of the one that
            ``setup_collaboration`` chose, if any.
        study : int, str or row, optional
            Keep the members of this study.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("country", "NL")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Organization
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        PermissionDeniedError
            When you may not see these organizations.

        Examples
        --------
        >>> client.organization.list(study="demo Subset", fields=["id", "name"])
        [{'id': 1, 'name': 'IKNL'},
         {'id': 2, 'name': 'Maastro'}]
        """
        listing = partial(
            calls.list_organizations,
            name=name,
            country=country,
            collaboration_id=self._collaboration_id(collaboration),
            study_id=self._optional_id("study", study),
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)

    def create(
        self,
        name: str,
        address1: str,
        address2: str,
        zipcode: str,
        country: str,
        domain: str,
        public_key: str | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Organization:
        """Add an organization to the server.

        Parameters
        ----------
        name : str
            Its name.
        address1, address2, zipcode, country : str
            Its postal address.
        domain : str
            Its name in mail and web addresses, such as ``"iknl.nl"``.
        public_key : str, optional
            Its public key: base64 of the key in PEM form, as in ``["public_key"]`` of a row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Organization
            The new organization.

        Raises
        ------
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not add organizations.

        Examples
        --------
        >>> organization = client.organization.create(
        ...     name="Hospital",
        ...     address1="Main street 1",
        ...     address2="",
        ...     zipcode="1234 AB",
        ...     country="NL",
        ...     domain="hospital.example",
        ... )
        """
        body: OrganizationInput = {
            "name": name,
            "address1": address1,
            "address2": address2,
            "zipcode": zipcode,
            "country": country,
            "domain": domain,
        }
        if public_key is not None:
            body["public_key"] = public_key
        return self._get(calls.create_organization(body), field, fields)

    def update(
        self,
        id_: Ref | None = None,
        name: str | None = None,
        address1: str | None = None,
        address2: str | None = None,
        zipcode: str | None = None,
        country: str | None = None,
        domain: str | None = None,
        public_key: str | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Organization:
        """Change an organization.

        Parameters
        ----------
        id_ : int, str or row, optional
            The organization: its name, id or row; by default your own.
        name : str, optional
            A new name.
        address1, address2, zipcode, country : str, optional
            Its postal address.
        domain : str, optional
            Its name in mail and web addresses, such as ``"iknl.nl"``.
        public_key : str, optional
            Its public key: base64 of the key in PEM form, as in ``["public_key"]`` of a row. What
            was encrypted for another key can then no longer be read with this one's.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Organization
            The organization as it is now; what was not given stays as it was.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not change it.

        Examples
        --------
        >>> client.organization.update(country="BE", fields=["name", "country"])
        {'name': 'IKNL', 'country': 'BE'}
        """
        body: OrganizationUpdate = without_none(
            name=name,
            address1=address1,
            address2=address2,
            zipcode=zipcode,
            country=country,
            domain=domain,
            public_key=public_key,
        )
        return self._get(calls.update_organization(self._organization_id(id_), body), field, fields)

    def delete(
        self,
        id_: Ref,
        delete_dependents: bool = False,
    ) -> Message:
        """Delete an organization.

        Parameters
        ----------
        id_ : int, str or row
            The organization: its name, id or row.
        delete_dependents : bool
            Whether to delete its users, nodes, tasks and roles too; without, the server refuses as
            long as there are any.

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
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not delete it.

        Examples
        --------
        >>> answer = client.organization.delete("Hospital")
        """
        chosen = self._resolve(id_)
        return self._send_message(
            calls.delete_organization(chosen, delete_dependents=delete_dependents)
        )

    def fingerprint(self, id_: Ref | None = None) -> str:
        """Give the short form of an organization's public key, by which people compare keys.

        Parameters
        ----------
        id_ : int, str or row, optional
            The organization: its name, id or row; by default your own.

        Returns
        -------
        str
            ``SHA256:`` and the hash of the key that the server gives now.

        Raises
        ------
        InvalidKeyError
            When it has no public key, or none that can be read.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.

        Examples
        --------
        >>> client.organization.fingerprint("IKNL")
        'SHA256:...'
        """
        return fingerprint_of(self._core.send(calls.get_organization(self._organization_id(id_))))

    def trust(self, id_: Ref, fingerprint: str | None = None) -> str:
        """Accept the public key of an organization, in place of the one that was known.

        Encrypting for an organization whose key has changed is an error until then, and so it is,
        in a strict client, for each organization. Ask the organization for its fingerprint in a way
        that the server has no part in.

        Parameters
        ----------
        id_ : int, str or row
            The organization: its name, id or row.
        fingerprint : str, optional
            The fingerprint that its key is to have. Without, any key is accepted that the server
            gives now.

        Returns
        -------
        str
            The fingerprint of the key that is trusted from now on.

        Raises
        ------
        KeyMismatchError
            When the key that the server gives has another fingerprint; nothing has changed.
        InvalidKeyError
            When it has no public key, or none that can be read.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.

        Examples
        --------
        >>> told = client.organization.fingerprint("Maastro")  # compare it by telephone
        >>> client.organization.trust("Maastro", told)
        'SHA256:...'
        """
        row = self._core.send(calls.get_organization(self._resolve(id_)))
        return run_directly(self._core.trust.accept_key, row, fingerprint)
