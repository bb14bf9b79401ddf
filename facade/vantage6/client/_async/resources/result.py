"""The results of runs."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ..._encryption.blobs import BlobReader, TransferCounter
from ..._encryption.reader import open_result, open_result_bytes, open_results, result_error
from ..._rows.references import id_of
from ..._rows.results import ResultRows
from ..._storage.files import atomic_write, check_replaceable
from ...errors import DecryptionError
from ..tasks.results import fetch_results
from .base import Resource

if TYPE_CHECKING:
    from ..._encryption.blobs import OnTransfer
    from ..._rows.references import IdOrRow, Ref


class Results(Resource):
    """What algorithms gave back, decoded and, in encrypted collaborations, decrypted."""

    async def get(self, id_: IdOrRow, *, on_transfer: OnTransfer | None = None) -> str | None:
        """Get the result of one run.

        Parameters
        ----------
        id_ : int or row
            The run: its id or row.
        on_transfer : callable, optional
            Called with two numbers while the result comes from the server's blob store, if it is
            there: the bytes that have come, and None, since the server does not tell how many there
            are.

        Returns
        -------
        str or None
            What the algorithm gave back, as JSON text; None while there is no result.

        Raises
        ------
        NotFoundError
            When there is no such run.
        PermissionDeniedError
            When you may not see it.
        DecryptionError
            When the result cannot be read, or is not text: then `get_bytes` is for it. An encrypted
            result has to be JSON; something else has been altered on its way.

        Examples
        --------
        >>> await client.result.get(1)
        '{"sum": 3473.0, "count": 58}'
        """
        row = await self._core.send(self._server.get_result(id_of(id_, "run")))
        return open_result(row, await self._core.blobs.results([row], on_transfer))["result"]

    async def get_bytes(
        self, id_: IdOrRow, *, on_transfer: OnTransfer | None = None
    ) -> bytes | None:
        """Get the result of one run as bytes, for algorithms that give back something but JSON.

        Nothing is looked for in the bytes: if they were altered on their way, nobody notices.

        Parameters
        ----------
        id_ : int or row
            The run: its id or row.
        on_transfer : callable, optional
            As for `get`.

        Returns
        -------
        bytes or None
            What the algorithm wrote, byte for byte; None while there is no result.

        Raises
        ------
        NotFoundError
            When there is no such run.
        PermissionDeniedError
            When you may not see it.
        DecryptionError
            When the result cannot be decrypted.

        Examples
        --------
        >>> image = await client.result.get_bytes(1)
        """
        row = await self._core.send(self._server.get_result(id_of(id_, "run")))
        return open_result_bytes(row, await self._core.blobs.results([row], on_transfer))

    async def save(
        self, id_: IdOrRow, file: str | PathLike[str], *, on_transfer: OnTransfer | None = None
    ) -> Path | None:
        """Write the result of one run to a file, as it comes: it may be larger than memory.

        That holds for servers with a blob store; others give a result as a whole.

        Parameters
        ----------
        id_ : int or row
            The run: its id or row.
        file : str or path
            The file, which only you can read. One that is there already is replaced, once the whole
            result is here.
        on_transfer : callable, optional
            As for `get`.

        Returns
        -------
        Path or None
            The file; None, and no file, while there is no result.

        Raises
        ------
        NotFoundError
            When there is no such run.
        PermissionDeniedError
            When you may not see it.
        DecryptionError
            When the result cannot be read.
        FileExistsError
            When there is something else than a file, such as a folder; nothing was fetched.
        FileNotFoundError
            When there is no such folder; nothing was fetched.

        Examples
        --------
        >>> file = await client.result.save(1, "result.json")
        """
        path = Path(file)
        check_replaceable(path)
        row = await self._core.send(self._server.get_result(id_of(id_, "run")))
        reader = self._core.reader
        if not row["result"]:
            return None
        with atomic_write(path) as target:
            if not row.get("blob_storage_used"):
                target.write(open_result_bytes(row, reader) or b"")
                return path
            pieces, tally = BlobReader(reader.key), TransferCounter(on_transfer)
            try:
                await self._core.blobs.read(row["result"], pieces, target.write, tally)
            except DecryptionError as error:
                raise result_error(row, reader.with_key_owner(error)) from error
        return path

    async def from_task(self, task_id: Ref, *, on_transfer: OnTransfer | None = None) -> ResultRows:
        """Get the results of all runs of a task, in the order of the organizations asked.

        Parameters
        ----------
        task_id : int, str or row
            The task: its name, id or row.
        on_transfer : callable, optional
            As for `get`; the bytes of all runs together.

        Returns
        -------
        ResultRows
            A row for each run. Its ``["result"]`` is what the algorithm gave back, as JSON text,
            or None while there is no result; its ``["run"]["id"]`` tells which run it is from.
            ``.outputs`` and ``.by_organization`` have them decoded, ``.to_pandas()`` as a data
            frame.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        BadRequestError
            When there is no such task.
        PermissionDeniedError
            When you may not see it.
        DecryptionError
            When results cannot be read, as for `get`; its `results` has all rows, with None in
            their place.

        Examples
        --------
        >>> results = await client.result.from_task("average age")
        >>> results.outputs
        [{'sum': 3473.0, 'count': 58}, {'sum': 2645.0, 'count': 45}]
        >>> results.by_organization["Maastro"]
        {'sum': 2645.0, 'count': 45}
        """
        results = await fetch_results(self._core, await self._id("task", task_id))
        return open_results(results, await self._core.blobs.results(reversed(results), on_transfer))
