"""The algorithm stores that the server knows, and the one that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ..._utils.logging import LOGGER
from ...errors import InvalidInputError
from .base import Named
from .store_policy import StorePolicies
from .store_review import StoreReviews
from .store_role import StoreRoles
from .store_rule import StoreRules
from .store_user import StoreUsers

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import (
        AlgorithmStore,
        AlgorithmStoreInput,
        AlgorithmStoreUpdate,
        Message,
    )

    from ..._rows.references import Ref
    from ..core.core import Core


class AlgorithmStores(Named["AlgorithmStore"]):
    """The algorithm stores of the collaborations; `set` chooses the one to work with.

    Attributes
    ----------
    policy : StorePolicies
        The rules of conduct of the chosen store.
    review : StoreReviews
        The assessments of its algorithms.
    role : StoreRoles
        The roles that its users can have.
    rule : StoreRules
        Its permissions.
    user : StoreUsers
        The people it knows.
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
        chosen = self._core.state.store
        return chosen.url if chosen else None

    @property
    def store_id(self) -> int | None:
        """Identifier of the chosen store, at the server."""
        chosen = self._core.state.store
        return chosen.id_ if chosen else None

    async def set(
        self,
        id_: Ref,
    ) -> AlgorithmStore:
        """Choose the store that ``client.algorithm`` and all below ``client.store`` work with.

        The store is told your token, and asks the server who you are. This asks the server alone;
        the store hears of you at the first request to it.

        Parameters
        ----------
        id_ : int, str or row
            The store: its name, id or row.

        Returns
        -------
        AlgorithmStore
            What the server knows of the store.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.
        ConfigurationError
            When your login would travel to the store without encryption: plain http is for stores
            on this machine alone.

        Examples
        --------
        >>> store = await client.store.set("local store")
        >>> [algorithm["name"] for algorithm in await client.algorithm.list()]
        ['average']
        """
        row = await self._core.send(calls.get_algorithm_store(await self._resolve(id_)))
        await self._core.choose_store(row)
        LOGGER.info("Using algorithm store %s (id %s)", row.get("name"), row["id"])
        return row

    async def get(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> AlgorithmStore:
        """Look up a store.

        Parameters
        ----------
        id_ : int, str or row
            The store: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        AlgorithmStore
            The store.

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
        >>> await client.store.get("local store", field="name")
        {'name': 'local store'}
        """
        return await self._get(calls.get_algorithm_store(await self._resolve(id_)), field, fields)

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
        name : str, optional
            Keep stores with this name; ``%`` stands for any characters, ``_`` for one.
        url : str, optional
            Keep stores with this address, with the same signs.
        collaboration : int, str or row, optional
            Keep the stores of this collaboration, those of all collaborations included; by default
            of the one that ``setup_collaboration`` chose, if any.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("name", "local store")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of AlgorithmStore
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        PermissionDeniedError
            When you may not see these algorithm stores.

        Examples
        --------
        >>> await client.store.list(fields=["id", "name"])
        [{'id': 1, 'name': 'local store'}]
        """
        listing = partial(
            calls.list_algorithm_stores,
            name=name,
            url=url,
            collaboration_id=await self._collaboration_id(collaboration),
        )
        selection = Selection(field, fields, filter_, filters)
        return await self._list(listing, page, per_page, selection)

    async def create(
        self,
        algorithm_store_url: str,
        name: str,
        collaboration: Ref | None = None,
        all_collaborations: bool = False,
        force: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> AlgorithmStore:
        """Link an algorithm store to a collaboration, or to all.

        Parameters
        ----------
        algorithm_store_url : str
            Address of the store, with the path of its API.
        name : str
            A name for it.
        collaboration : int, str or row, optional
            The collaboration: its name, id or row; by default the one that
            ``setup_collaboration`` chose.
        all_collaborations : bool
            Whether to link it to all collaborations, whatever `collaboration` says.
        force : bool
            Whether to accept an address that only the server's own machine understands.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        AlgorithmStore
            The store as the server knows it now.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        InvalidInputError
            When no collaboration is given, and none was chosen; nothing was sent.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not link stores there.

        Examples
        --------
        >>> store = await client.store.create(
        ...     "https://store.example/api", "reviewed algorithms", all_collaborations=True
        ... )
        """
        body: AlgorithmStoreInput = {
            "algorithm_store_url": algorithm_store_url,
            "name": name,
            "force": force,
            "server_url": self._core.address.url,
        }
        if not all_collaborations:
            body["collaboration_id"] = await self._required_collaboration_id(collaboration)
        return await self._get(calls.create_algorithm_store(body), field, fields)

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
        """Change what the server knows of a store.

        Parameters
        ----------
        id_ : int, str or row, optional
            The store: its name, id or row; by default the chosen one.
        name : str, optional
            A new name.
        collaboration : int, str or row, optional
            Identifier of the collaboration to link it to in place of what it is linked to.
        all_collaborations : bool, optional
            Not possible: no server widens a link to all collaborations. Delete it, and make it
            anew.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        AlgorithmStore
            The store as the server knows it now.

        Raises
        ------
        InvalidInputError
            When it is to be linked to all collaborations; nothing was sent.
        ConfigurationError
            When no store is given, and none has been chosen.
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
        >>> await client.store.update("local store", name="reviewed algorithms", field="name")
        {'name': 'reviewed algorithms'}
        """
        if all_collaborations:
            raise InvalidInputError(
                "no server widens a link to all collaborations: delete it, and make it anew with "
                "create(..., all_collaborations=True)"
            )
        linked = await self._optional_id("collaboration", collaboration)
        body: AlgorithmStoreUpdate = without_none(name=name, collaboration_id=linked)
        call = calls.update_algorithm_store(await self._store_id(id_), body)
        return await self._get(call, field, fields)

    async def delete(
        self,
        id_: Ref | None = None,
    ) -> Message:
        """Remove the link to a store.

        Parameters
        ----------
        id_ : int, str or row, optional
            The store: its name, id or row; by default the chosen one.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        ConfigurationError
            When no store is given, and none has been chosen.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not remove it.

        Examples
        --------
        >>> answer = await client.store.delete("reviewed algorithms")
        """
        server_url = self._core.address.url
        chosen = await self._store_id(id_)
        return await self._send_message(calls.delete_algorithm_store(chosen, server_url=server_url))

    async def _store_id(self, id_: Ref | None) -> int:
        return self._core.store.id_ if id_ is None else await self._resolve(id_)
