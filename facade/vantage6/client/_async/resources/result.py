"""The results of runs."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ..._backend.former_names import explains_former, find_former
from ..._encryption.blobs import LARGER, BlobReader, ReceivedText, SizeLimit, TransferCounter
from ..._encryption.wire_format import NOT_ENCRYPTED
from ..._rows.references import id_of
from ..._rows.results import ResultRows
from ..._storage.files import atomic_write, check_replaceable, file_path
from ..._tasks.decoding import open_result, open_result_bytes, open_results, result_error
from ...errors import DecryptionError
from ..tasks.results import fetch_results
from .base import Resource

if TYPE_CHECKING:
    from ..._backend.rows import Result
    from ..._http.context import SendOptions
    from ..._http.large_texts import OnTransfer
    from ..._rows.references import IdOrRow, Ref

# A sender can make a blob endless, and would fill the disk.
MAX_SAVED_BYTES = 100 << 30


class Results(Resource):
    """The results of algorithms, decoded and, in encrypted collaborations, decrypted."""

    if not TYPE_CHECKING:  # type checkers would accept any name

        def __getattr__(self, name: str) -> object:
            return find_former(self, name, "list")

    @explains_former("include_task")
    async def get(self, id_: IdOrRow, *, on_transfer: OnTransfer | None = None) -> str | None:
        """Return the result of one run.

        Parameters
        ----------
        id_ : int or row
            Id or row of the run.
        on_transfer : callable, optional
            Called while the result is downloaded, if it has 256 KiB or more or is in the server's
            blob store. Receives the number of bytes so far and None, since the total is unknown.

        Returns
        -------
        str or None
            The algorithm's result as JSON text; None while there is no result.

        Raises
        ------
        NotFoundError
            If the run does not exist.
        PermissionDeniedError
            If you do not have permission to view it.
        DecryptionError
            If the result cannot be read, or is not text; for the latter, use `get_bytes`. An
            encrypted result has to be JSON; if it is not, it was altered in transit.

        Examples
        --------
        >>> await client.result.get(1)
        '{"sum": 3473.0, "count": 58}'
        """
        row = await self._row(id_, self._core.blobs.receiving(on_transfer))
        return open_result(row, await self._core.blobs.results([row], on_transfer))["result"]

    async def get_bytes(
        self, id_: IdOrRow, *, on_transfer: OnTransfer | None = None
    ) -> bytes | None:
        """Return the result of one run as bytes, for algorithms whose results are not JSON.

        The bytes are not checked: if they were altered in transit, this is not detected.

        Parameters
        ----------
        id_ : int or row
            Id or row of the run.
        on_transfer : callable, optional
            As in `get`.

        Returns
        -------
        bytes or None
            The algorithm's output, byte for byte; None while there is no result.

        Raises
        ------
        NotFoundError
            If the run does not exist.
        PermissionDeniedError
            If you do not have permission to view it.
        DecryptionError
            If the result cannot be decrypted.

        Examples
        --------
        >>> image = await client.result.get_bytes(1)
        """
        row = await self._row(id_, self._core.blobs.receiving(on_transfer))
        return open_result_bytes(row, await self._core.blobs.results([row], on_transfer))

    async def save(
        self,
        id_: IdOrRow,
        file: str | PathLike[str],
        *,
        max_bytes: int = MAX_SAVED_BYTES,
        on_transfer: OnTransfer | None = None,
    ) -> Path | None:
        """Write the result of one run to a file while downloading; it may be larger than memory.

        Parameters
        ----------
        id_ : int or row
            Id or row of the run.
        file : str or path
            Path of the file, which only you can read. An existing file is replaced once the whole
            result has been received.
        max_bytes : int
            Maximum size of the file in bytes; 100 GiB by default.
        on_transfer : callable, optional
            As in `get`.

        Returns
        -------
        Path or None
            Path of the file; None, and no file, while there is no result.

        Raises
        ------
        NotFoundError
            If the run does not exist.
        PermissionDeniedError
            If you do not have permission to view it.
        DecryptionError
            If the result cannot be read, or is larger than `max_bytes`; no file is written.
        ExistingFileError
            If the path exists but is not a file, such as a folder; nothing is downloaded.
        MissingFileError
            If the folder does not exist; nothing is downloaded.
        FileAccessError
            If the file cannot be written, for example because the disk is full.

        Examples
        --------
        >>> file = await client.result.save(1, "result.json")
        """
        path = file_path(file, "file")
        check_replaceable(path)
        core, run_id = self._core, id_of(id_, "run")
        with ExitStack() as stack:
            # The file is opened once there is a result.
            target = cache(partial(stack.enter_context, atomic_write(path)))
            try:
                row = await self._row(run_id, core.blobs.receiving(on_transfer, target, max_bytes))
                value = row["result"]
                if not value:
                    return None
                is_large, is_encrypted = isinstance(value, ReceivedText), True
                if isinstance(value, ReceivedText):
                    is_encrypted = value.is_encrypted
                elif row.get("blob_storage_used"):
                    is_large, blob = True, BlobReader(core.reader.key)
                    limit, write = SizeLimit(max_bytes, LARGER), target().write
                    counter = TransferCounter(on_transfer)
                    await core.blobs.read(
                        value, blob, lambda piece: write(limit.take(piece)), counter
                    )
                    is_encrypted = blob.is_encrypted
                if not is_encrypted and await core.blobs.must_be_encrypted(row):
                    raise DecryptionError(NOT_ENCRYPTED)
            except DecryptionError as error:
                raise result_error(run_id, core.reader.with_key_owner(error)) from error
            if not is_large:
                reader = await core.blobs.results([row])
                target().write(open_result_bytes(row, reader) or b"")
        return path

    @explains_former("include_task")
    async def from_task(self, task_id: Ref, *, on_transfer: OnTransfer | None = None) -> ResultRows:
        """Return the results of all runs of a task, in the order of its organizations.

        Parameters
        ----------
        task_id : int, str or row
            Name, id or row of the task.
        on_transfer : callable, optional
            As in `get`, with the bytes of all runs together.

        Returns
        -------
        ResultRows
            A row for each run. Its ``["result"]`` is the algorithm's result as JSON text, or None
            while there is no result; its ``["run"]["id"]`` is the id of the run. ``.outputs`` and
            ``.by_organization`` contain the decoded results, and ``.to_pandas()`` returns them as
            a data frame.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        BadRequestError
            If the task does not exist.
        PermissionDeniedError
            If you do not have permission to view it.
        DecryptionError
            If results cannot be read, as in `get`. The error's `results` has all rows, with None
            for these results.

        Examples
        --------
        >>> results = await client.result.from_task("average age")
        >>> results.outputs
        [{'sum': 3473.0, 'count': 58}, {'sum': 2645.0, 'count': 45}]
        >>> results.by_organization["Maastro"]
        {'sum': 2645.0, 'count': 45}
        """
        id_ = await self._id("task", task_id)
        results = await fetch_results(self._core, id_, on_transfer=on_transfer)
        return open_results(results, await self._core.blobs.results(reversed(results), on_transfer))

    async def _row(self, id_: IdOrRow, options: SendOptions) -> Result:
        return await self._core.send(self._server.get_result(id_of(id_, "run")), options)
