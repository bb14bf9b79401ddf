"""The algorithm stores known to the server, and the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._backend.positions import positions_of_5
from ..._http.request import without_none
from ..._http.secrets import mask_route
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ..._utils.logging import LOGGER
from ...errors import InvalidInputError
from .base import Readable
from .store_policy import StorePolicies
from .store_review import StoreReviews
from .store_role import StoreRoles
from .store_rule import StoreRules
from .store_user import StoreUsers

if TYPE_CHECKING:
    from ..._backend.rows import AlgorithmStore, AlgorithmStoreUpdate, Message
    from ..._http.route import Cert, Verify
    from ..._rows.references import Ref
    from ..core.core import Core


class AlgorithmStores(Readable["AlgorithmStore"]):
    """The algorithm stores of the collaborations; `set` chooses the one to use.

    Attributes
    ----------
    policy : StorePolicies
        Policies of the chosen store.
    review : StoreReviews
        Reviews of its algorithms.
    role : StoreRoles
        Roles that its users can have.
    rule : StoreRules
        Permission rules of the store.
    user : StoreUsers
        Users of the store.
    """

    _kind = "store"

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        self.policy = StorePolicies(core)
        self.review = StoreReviews(core)
        self.role = StoreRoles(core)
        self.rule = StoreRules(core)
        self.user = StoreUsers(core)

    @property
    def url(self) -> str | None:
        """Address of the chosen store's API."""
        store = self._core.state.store
        return store.url if store else None

    @property
    def store_id(self) -> int | None:
        """Id of the chosen store on the server."""
        store = self._core.state.store
        return store.id_ if store else None

    async def set(
        self, id_: Ref, *, verify: Verify = True, cert: Cert | None = None, trust: bool = False
    ) -> AlgorithmStore:
        """Choose the store that ``client.algorithm`` and the members of ``client.store`` use.

        The store receives your token and uses it to identify you with the server. This call
        contacts only the server; the store receives the token with the first request to it.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the store.
        verify, cert : optional
            Certificates to trust and certificate to present, as for the client. Those of the client
            apply to a store at the server's own address (scheme, name and port), and to no other.
        trust : bool
            Whether to accept the address that HQ has for the store now. The client remembers the
            first one, and sends your login to no other until you accept it.

        Returns
        -------
        AlgorithmStore
            The store, as known to the server.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.
        ConfigurationError
            If your login would be sent to the store unencrypted: plain http is allowed only for
            stores on this machine. If `verify` or `cert` is invalid, or passed for a store at the
            server's own address. If HQ has another address for the store than before.

        Examples
        --------
        >>> store = await client.store.set("local store")
        >>> [algorithm["name"] for algorithm in await client.algorithm.list()]
        ['average']
        """
        row = await self._core.send(self._server.get_algorithm_store(await self._resolve(id_)))
        await self._core.choose_store(row, verify, mask_route(cert, None)[0], trusted=trust)
        LOGGER.info("Using algorithm store %s (id %s)", row.get("name"), row["id"])
        return row

    async def list(
        self,
        name: str | None = None,
        url: str | None = None,
        collaboration: Ref | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[AlgorithmStore]:
        """List algorithm stores.

        Parameters
        ----------
        name, url : str, optional
            Name and address of the stores; ``%`` matches any characters, ``_`` exactly one.
        collaboration : int, str or row, optional
            Collaboration that the stores are linked to, including stores linked to all. By default,
            the one chosen with ``setup_collaboration``, if any.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("name", "local store")``; or several such pairs.

        Returns
        -------
        Rows of AlgorithmStore
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view these algorithm stores.

        Examples
        --------
        >>> await client.store.list(fields=["id", "name"])
        [{'id': 1, 'name': 'local store'}]
        """
        listing = partial(
            self._server.list_algorithm_stores,
            name=name,
            url=url,
            collaboration_id=await self._collaboration_id(collaboration),
        )
        return await self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

    @positions_of_5(
        "name", "algorithm_store_url", "api_path", "collaboration", "all_collaborations"
    )
    async def create(
        self,
        algorithm_store_url: str,
        name: str,
        collaboration: Ref | None = None,
        all_collaborations: bool = False,
        force: bool = False,
        *,
        api_path: str | None = None,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> AlgorithmStore:
        """Link an algorithm store to a collaboration, or to all collaborations.

        Parameters
        ----------
        algorithm_store_url : str
            Address of the store, including the path of its API.
        name : str
            Name of the store.
        collaboration : int, str or row, optional
            Name, id or row of the collaboration. By default, the one chosen with
            ``setup_collaboration``.
        all_collaborations : bool
            Whether to link the store to all collaborations, regardless of `collaboration`.
        force : bool
            Whether to accept an address that is valid only on the server's own machine (4.x).
        api_path : str, optional
            Path of the store's API (HQ). By default, that in `algorithm_store_url`, or ``"/api"``.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        AlgorithmStore
            The store, as now known to the server.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        InvalidInputError
            If no collaboration is given and none was chosen; nothing is sent.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to link stores there.

        Examples
        --------
        >>> store = await client.store.create(
        ...     "https://store.example/api", "reviewed algorithms", all_collaborations=True
        ... )
        """
        body: Any = self._core.backend.store_link(
            algorithm_store_url, name, api_path, force=force, server_url=self._core.address.url
        )
        if not all_collaborations:
            body["collaboration_id"] = await self._required_collaboration_id(collaboration)
        return await self._save(self._server.create_algorithm_store(body), field, fields)

    async def update(
        self,
        id_: Ref | None = None,
        name: str | None = None,
        collaboration: Ref | None = None,
        all_collaborations: bool | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> AlgorithmStore:
        """Change the server's record of a store.

        Parameters
        ----------
        id_ : int, str or row, optional
            Name, id or row of the store. By default, the chosen one.
        name : str, optional
            New name.
        collaboration : int, str or row, optional
            Collaboration to link the store to, replacing its current link.
        all_collaborations : bool, optional
            Not supported: servers cannot extend an existing link to all collaborations. Delete
            the link and create a new one.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        AlgorithmStore
            The store, as now known to the server.

        Raises
        ------
        InvalidInputError
            If `all_collaborations` is true; nothing is sent.
        ConfigurationError
            If no store is given and none was chosen.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change it.

        Examples
        --------
        >>> await client.store.update("local store", name="reviewed algorithms", field="name")
        {'name': 'reviewed algorithms'}
        """
        if all_collaborations:
            raise InvalidInputError(
                f"all_collaborations: expected None or False, got {all_collaborations!r}. Servers "
                "cannot extend a link to all collaborations: delete the link, then call "
                "create(..., all_collaborations=True)."
            )
        collaboration_id = await self._optional_id("collaboration", collaboration)
        body: AlgorithmStoreUpdate = without_none(name=name, collaboration_id=collaboration_id)
        call = self._server.update_algorithm_store(await self._store_id(id_), body)
        return await self._save(call, field, fields)

    async def delete(self, id_: Ref | None = None) -> Message:
        """Remove the link to a store.

        Parameters
        ----------
        id_ : int, str or row, optional
            Name, id or row of the store. By default, the chosen one.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        ConfigurationError
            If no store is given and none was chosen.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to remove it.

        Examples
        --------
        >>> message = await client.store.delete("reviewed algorithms")
        """
        call = self._core.backend.unlink_store(await self._store_id(id_), self._core.address.url)
        return await self._apply(call)

    async def _store_id(self, id_: Ref | None) -> int:
        return self._core.store.id_ if id_ is None else await self._resolve(id_)
