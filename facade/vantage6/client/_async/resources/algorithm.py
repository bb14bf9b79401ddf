"""The algorithms of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.store import calls

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Named, StoreResource

if TYPE_CHECKING:
    from vantage6.bindings.store.rows import (
        Algorithm,
        AlgorithmInput,
        AlgorithmUpdate,
        FunctionInput,
        Message,
        Partitioning,
    )

    from ..._rows.references import Ref


class Algorithms(StoreResource, Named["Algorithm"]):
    """The algorithms in the store that ``client.store.set`` chose, with their functions."""

    _kind = "algorithm"

    async def get(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Algorithm:
        """Look up an algorithm.

        Parameters
        ----------
        id_ : int, str or row
            The algorithm: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Algorithm
            The algorithm.

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
        >>> algorithm = await client.algorithm.get("average")
        >>> [function["name"] for function in algorithm["functions"]]
        ['central_average', 'partial_average']
        """
        return await self._get(calls.get_algorithm(await self._resolve(id_)), field, fields)

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

        Without one of the last four, those that are published.

        Parameters
        ----------
        name, description : str, optional
            Keep algorithms with these; ``%`` stands for any characters, ``_`` for one.
        image : str, optional
            Keep algorithms with this image, with the same signs.
        partitioning : str, optional
            Keep those for data that are partitioned ``"horizontal"`` or ``"vertical"``.
        v6_version : str, optional
            Keep those for this version of vantage6, with the same signs as in `name`.
        awaiting_reviewer_assignment : bool, optional
            True keeps those that nobody is asked to review yet; False is as good as nothing.
        under_review : bool, optional
            True keeps those that are being reviewed; False is as good as nothing.
        in_review_process : bool, optional
            True keeps those of both kinds; False is as good as nothing.
        invalidated : bool, optional
            True keeps those that are no longer valid; False is as good as nothing.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("status", "approved")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Algorithm
            The rows.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        PermissionDeniedError
            When you may not see these algorithms.

        Examples
        --------
        >>> await client.algorithm.list(name="average%", fields=["id", "image"])
        [{'id': 1, 'image': 'harbor2.vantage6.ai/demo/average'}]
        """
        listing = partial(
            calls.list_algorithms,
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
        selection = Selection(field, fields, filter_, filters)
        return await self._list(listing, page, per_page, selection)

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
        """Hand in an algorithm.

        It is published once it was reviewed, or at once where the store asks for no reviews.

        Parameters
        ----------
        name : str
            Its name.
        description : str
            What it does.
        image : str
            The name of its Docker image.
        partitioning : str
            Whether its data are partitioned ``"horizontal"`` or ``"vertical"``.
        vantage6_version : str
            The version of vantage6 it is made for, such as ``"4.15"``.
        code_url : str
            Where its source code is.
        functions : sequence of dict
            What it can be asked to do; each has a ``"name"`` and a ``"type"`` (``"central"`` or
            ``"federated"``), and may have ``"databases"``, ``"arguments"`` and
            ``"ui_visualizations"``.
        documentation_url : str, optional
            Where its manual is.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Algorithm
            The new algorithm.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not hand in algorithms.
        UnsupportedServerVersionError
            When something in `functions` came with a later version of the store; nothing was
            handed in.

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
        return await self._get(calls.create_algorithm(body), field, fields)

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
        """Change an algorithm that you handed in, as long as no review of it is finished.

        Parameters
        ----------
        id_ : int, str or row
            The algorithm: its name, id or row.
        name, description : str, optional
            New ones.
        image : str, optional
            The name of another Docker image.
        partitioning : str, optional
            Whether its data are partitioned ``"horizontal"`` or ``"vertical"``.
        vantage6_version : str, optional
            The version of vantage6 it is made for.
        code_url, documentation_url : str, optional
            Where its source code and its manual are.
        functions : sequence of dict, optional
            What it can be asked to do; each has a ``"name"`` and a ``"type"`` (``"central"`` or
            ``"federated"``), and may have ``"databases"``, ``"arguments"`` and
            ``"ui_visualizations"``. They replace all that there are.
        refresh_digest : bool, optional
            Whether to look up the digest of the image again, even of the same image.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Algorithm
            The algorithm as it is now; what was not given stays as it was.

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
            When you may not change it.
        UnsupportedServerVersionError
            When something in `functions` came with a later version of the store; nothing was
            changed.

        Examples
        --------
        >>> await client.algorithm.update(algorithm, description="the mean", field="description")
        {'description': 'the mean'}
        """
        chosen = await self._resolve(id_)
        chosen = await self._resolve(id_)
        if image is None:  # the store wants it even if it stays as it is
            image = (await self._connection().send(calls.get_algorithm(chosen)))["image"]
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
        return await self._get(calls.update_algorithm(chosen, body), field, fields)

    async def delete(
        self,
        id_: Ref,
    ) -> Message:
        """Delete an algorithm from the store.

        Parameters
        ----------
        id_ : int, str or row
            The algorithm: its name, id or row.

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
            When you may not delete it.

        Examples
        --------
        >>> answer = await client.algorithm.delete(algorithm)
        """
        return await self._send_message(calls.delete_algorithm(await self._resolve(id_)))

    async def invalidate(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Message:
        """Declare an algorithm no longer valid. It stays in the store, and is not offered any more.

        Parameters
        ----------
        id_ : int, str or row
            The algorithm: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

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
            When you may not do so.

        Examples
        --------
        >>> answer = await client.algorithm.invalidate("new average")
        """
        return await self._get(calls.invalidate_algorithm(await self._resolve(id_)), field, fields)
