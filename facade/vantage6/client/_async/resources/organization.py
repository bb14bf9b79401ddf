"""The participating organizations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._backend.former_names import explains_former
from ..._encryption.trust import fingerprint_of
from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ..._utils.threads import run_in_thread
from .base import Named

if TYPE_CHECKING:
    from ..._backend.rows import Message, Organization, OrganizationInput, OrganizationUpdate
    from ..._rows.references import Ref


class Organizations(Named["Organization"]):
    """The participating organizations, with their addresses and public keys."""

    _kind = "organization"

    async def get(
        self,
        id_: Ref | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Organization:
        """Return an organization.

        Parameters
        ----------
        id_ : int, str or row, optional
            Name, id or row of the organization. By default, your own.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Organization
            The organization.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> await client.organization.get(field="name")
        {'name': 'IKNL'}
        """
        return await self._get(
            self._server.get_organization(await self._organization_id(id_)), field, fields
        )

    @explains_former("include_metadata")
    async def list(
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
            Name of the organizations; ``%`` matches any characters, ``_`` exactly one.
        country : str, optional
            Country of the organizations.
        collaboration : int, str or row, optional
            Collaboration that the organizations are members of. By default, the one chosen with
            ``setup_collaboration``, if any.
        study : int, str or row, optional
            Study that the organizations are members of.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("country", "NL")``; or several such pairs.

        Returns
        -------
        Rows of Organization
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view these organizations.

        Examples
        --------
        >>> await client.organization.list(study="demo Subset", fields=["id", "name"])
        [{'id': 1, 'name': 'IKNL'},
         {'id': 2, 'name': 'Maastro'}]
        """
        listing = partial(
            self._server.list_organizations,
            name=name,
            country=country,
            collaboration_id=await self._collaboration_id(collaboration),
            study_id=await self._optional_id("study", study),
        )
        rows = await self._list(listing, page, per_page, Selection(field, fields, filter_, filters))
        names = {id_: row.get("name") for row in rows if (id_ := row.get("id"))}
        self._core.names.seen |= {id_: name for id_, name in names.items() if name}
        return rows

    async def create(
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
        """Create an organization on the server.

        Parameters
        ----------
        name : str
            Name of the organization.
        address1, address2, zipcode, country : str
            Postal address.
        domain : str
            Domain name in email and web addresses, such as ``"iknl.nl"``.
        public_key : str, optional
            Public key: base64 of the key in PEM format, as in ``["public_key"]`` of a row.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Organization
            The new organization.

        Raises
        ------
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to create organizations.

        Examples
        --------
        >>> organization = await client.organization.create(
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
        return await self._save(self._server.create_organization(body), field, fields)

    async def update(
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
            Name, id or row of the organization. By default, your own.
        name : str, optional
            New name.
        address1, address2, zipcode, country : str, optional
            Postal address.
        domain : str, optional
            Domain name in email and web addresses, such as ``"iknl.nl"``.
        public_key : str, optional
            Public key: base64 of the key in PEM format, as in ``["public_key"]`` of a row. Data
            encrypted for another key cannot be decrypted with the private key of this one.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Organization
            The updated organization. Fields that are not given keep their values.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change it.

        Examples
        --------
        >>> await client.organization.update(country="BE", fields=["name", "country"])
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
        return await self._save(
            self._server.update_organization(await self._organization_id(id_), body), field, fields
        )

    async def delete(self, id_: Ref, delete_dependents: bool = False) -> Message:
        """Delete an organization.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the organization.
        delete_dependents : bool
            Whether to delete its users, nodes, tasks and roles as well. If False, the server
            refuses while there are any.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = await client.organization.delete("Hospital")
        """
        organization_id = await self._resolve(id_)
        return await self._apply(
            self._server.delete_organization(organization_id, delete_dependents=delete_dependents)
        )

    async def fingerprint(self, id_: Ref | None = None) -> str:
        """Return the fingerprint of an organization's public key, for comparison by people.

        Parameters
        ----------
        id_ : int, str or row, optional
            Name, id or row of the organization. By default, your own.

        Returns
        -------
        str
            ``SHA256:`` and the hash of the key that the server currently returns.

        Raises
        ------
        InvalidKeyError
            If the organization has no public key, or one that cannot be read.
        PublicKeyChangedError
            If the name is known for another organization. Pass the id to see the fingerprint.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> await client.organization.fingerprint("IKNL")
        'SHA256:...'
        """
        return fingerprint_of(await self._row(id_, accepting=False))

    async def trust(self, id_: Ref, fingerprint: str | None = None) -> str:
        """Trust the public key of an organization, replacing the one known so far.

        Until you call this method, encrypting for an organization whose key has changed is an
        error; in a strict client, so is encrypting for any organization. Ask the organization for
        its fingerprint over a channel that does not involve the server. Its current name is
        accepted with the key, even if another organization had that name before.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the organization.
        fingerprint : str, optional
            Expected fingerprint of the key. By default, any key that the server currently returns
            is accepted.

        Returns
        -------
        str
            Fingerprint of the key that is trusted from now on.

        Raises
        ------
        KeyMismatchError
            If the key that the server returns has another fingerprint; nothing is changed.
        InvalidKeyError
            If the organization has no public key, or one that cannot be read.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> fingerprint = await client.organization.fingerprint("Maastro")  # compare by telephone
        >>> await client.organization.trust("Maastro", fingerprint)
        'SHA256:...'
        """
        row = await self._row(id_, accepting=True)
        return await run_in_thread(self._core.trust.accept_key, row, fingerprint)

    async def _row(self, ref: Ref | None, *, accepting: bool) -> Organization:
        """Return the row of an organization whose key or name may not be accepted yet."""
        id_ = self._core.whoami.organization_id
        if ref is not None:
            id_ = await self._core.id_of(self._kind, ref, accepting=accepting)
        return await self._core.send(self._server.get_organization(id_))
