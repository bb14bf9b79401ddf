"""The algorithms of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Readable, StoreResource

if TYPE_CHECKING:
    from ..._backend.store_rows import (
        Algorithm,
        AlgorithmInput,
        AlgorithmUpdate,
        FunctionInput,
        Message,
        Partitioning,
    )
    from ..._rows.references import Ref


class Algorithms(StoreResource, Readable["Algorithm"]):
    """The algorithms, with their functions, in the store chosen with ``client.store.set``."""

    _kind = "algorithm"

    async def list(
        self,
        name: str | None = None,
        description: str | None = None,
        image: str | None = None,
        partitioning: str | None = None,
        v6_version: str | None = None,
        awaiting_reviewer_assignment: bool | None = None,
        under_review: bool | None = None,
        in_review_process: bool | None = None,
        invalidated: bool | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Algorithm]:
        """List algorithms.

        Without any of the last four filters, only published algorithms are listed.

        Parameters
        ----------
        name, description, image : str, optional
            Name, description and Docker image; ``%`` matches any characters, ``_`` exactly one.
        partitioning : str, optional
            Partitioning of the data: ``"horizontal"`` or ``"vertical"``.
        v6_version : str, optional
            Version of vantage6 that the algorithms are for, with the same wildcards.
        awaiting_reviewer_assignment : bool, optional
            True selects algorithms without a reviewer; False has no effect.
        under_review : bool, optional
            True selects algorithms under review; False has no effect.
        in_review_process : bool, optional
            True selects algorithms of both kinds; False has no effect.
        invalidated : bool, optional
            True selects algorithms that are no longer valid; False has no effect.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("status", "approved")``; or several such pairs.

        Returns
        -------
        Rows of Algorithm
            The matching rows.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        PermissionDeniedError
            If you do not have permission to view these algorithms.

        Examples
        --------
        >>> await client.algorithm.list(name="average%", fields=["id", "image"])
        [{'id': 1, 'image': 'harbor2.vantage6.ai/demo/average'}]
        """
        listing = partial(
            self._store.list_algorithms,
            name=name,
            description=description,
            image=image,
            partitioning=partitioning,
            vantage6_version=v6_version,
            awaiting_reviewer_assignment=awaiting_reviewer_assignment,
            under_review=under_review,
            in_review_process=in_review_process,
            invalidated=invalidated,
        )
        return await self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

    async def create(
        self,
        name: str,
        description: str,
        image: str,
        partitioning: Partitioning,
        vantage6_version: str,
        code_url: str,
        functions: Sequence[FunctionInput],
        documentation_url: str | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Algorithm:
        """Submit an algorithm.

        It is published after its review, or immediately if the store requires no reviews.

        Parameters
        ----------
        name, description : str
            Name and purpose of the algorithm.
        image : str
            Name of the Docker image.
        partitioning : str
            Partitioning of the data: ``"horizontal"`` or ``"vertical"``.
        vantage6_version : str
            Version of vantage6 that the algorithm is for, such as ``"4.15"``.
        code_url : str
            Address of the source code.
        functions : sequence of dict
            Functions of the algorithm. Each has a ``"name"`` and a ``"type"`` (``"central"`` or
            ``"federated"``), and optionally ``"databases"``, ``"arguments"`` and
            ``"ui_visualizations"``.
        documentation_url : str, optional
            Address of the documentation.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Algorithm
            The new algorithm.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to submit algorithms.
        UnsupportedServerVersionError
            If `functions` uses something that the store's version does not support; nothing is
            submitted.

        Examples
        --------
        >>> algorithm = await client.algorithm.create(
        ...     name="new average",
        ...     description="the average of a column",
        ...     image="harbor2.vantage6.ai/demo/average",
        ...     partitioning="horizontal",
        ...     vantage6_version="4.15",
        ...     code_url="https://code.example/average",
        ...     functions=[{"name": "partial_average", "type": "federated"}],
        ... )
        """
        body: AlgorithmInput = {
            "name": name,
            "description": description,
            "image": image,
            "partitioning": partitioning,
            "vantage6_version": vantage6_version,
            "code_url": code_url,
            "functions": [*functions],
        }
        if documentation_url is not None:
            body["documentation_url"] = documentation_url
        return await self._save(self._store.create_algorithm(body), field, fields)

    async def update(
        self,
        id_: Ref,
        name: str | None = None,
        description: str | None = None,
        image: str | None = None,
        partitioning: Partitioning | None = None,
        vantage6_version: str | None = None,
        code_url: str | None = None,
        documentation_url: str | None = None,
        functions: Sequence[FunctionInput] | None = None,
        refresh_digest: bool | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Algorithm:
        """Change an algorithm that you submitted, as long as none of its reviews is finished.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the algorithm.
        name, description : str, optional
            New name and description.
        image : str, optional
            Name of the new Docker image.
        partitioning : str, optional
            Partitioning of the data: ``"horizontal"`` or ``"vertical"``.
        vantage6_version : str, optional
            Version of vantage6 that the algorithm is for.
        code_url, documentation_url : str, optional
            Addresses of the source code and the documentation.
        functions : sequence of dict, optional
            Functions that replace all existing ones, as in `create`.
        refresh_digest : bool, optional
            Whether to fetch the digest of the image again, even if the image stays the same.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Algorithm
            The updated algorithm. Fields that are not given keep their values.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change it.
        UnsupportedServerVersionError
            If `functions` uses something that the store's version does not support; nothing is
            changed.

        Examples
        --------
        >>> await client.algorithm.update(algorithm, description="the mean", field="description")
        {'description': 'the mean'}
        """
        algorithm_id = await self._resolve(id_)
        if image is None:  # the store requires the image even if it stays the same
            image = (await self._connection().send(self._store.get_algorithm(algorithm_id)))[
                "image"
            ]
        body: AlgorithmUpdate = without_none(
            name=name,
            description=description,
            image=image,
            partitioning=partitioning,
            vantage6_version=vantage6_version,
            code_url=code_url,
            documentation_url=documentation_url,
            functions=functions,
            refresh_digest=refresh_digest,
        )
        return await self._save(self._store.update_algorithm(algorithm_id, body), field, fields)

    async def delete(self, id_: Ref) -> Message:
        """Delete an algorithm from the store.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the algorithm.

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
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = await client.algorithm.delete(algorithm)
        """
        return await self._apply(self._store.delete_algorithm(await self._resolve(id_)))

    async def invalidate(
        self, id_: Ref, *, field: str | None = None, fields: Sequence[str] | None = None
    ) -> Message:
        """Mark an algorithm as no longer valid. It stays in the store but is no longer offered.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the algorithm.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

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
            If you do not have permission to invalidate it.

        Examples
        --------
        >>> message = await client.algorithm.invalidate("new average")
        """
        return await self._save(
            self._store.invalidate_algorithm(await self._resolve(id_)), field, fields
        )
