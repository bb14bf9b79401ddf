# Derived by unasync.py: edit facade/vantage6/client/_async/core/blob_store.py instead.
"""The server's blob store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import IO, TYPE_CHECKING

from ..._encryption.blobs import (
    LARGER,
    Blob,
    BlobReader,
    BlobUpload,
    ResultReceiver,
    SizeLimit,
    TransferCounter,
    check_blob_id,
)
from ..._http.context import SendOptions
from ..._http.decoding import decode_response, validate
from ..._http.large_texts import LargeTexts
from ..._tasks.decoding import input_key
from ..._utils.threads import run_directly
from ...errors import DecryptionError, UnsupportedServerVersionError

if TYPE_CHECKING:
    from ..._backend.rows import Result, Run, TaskOrganization
    from ..._backend.v4_operations import ServerOperations
    from ..._encryption.trust import Trust
    from ..._http.large_texts import OnTransfer
    from ..._tasks.decoding import Reader
    from .connection import Connection


class BlobStore:
    """The blob store of a server."""

    def __init__(
        self,
        connection: Connection,
        reader: Callable[[], Reader],
        trust: Trust,
        other: BlobStore | None = None,
    ) -> None:
        self._connection = connection
        self._trust = trust
        self._reader = reader
        # Whether there is one, once that is known; shared by the views of a connection.
        self._is_enabled: list[bool] = other._is_enabled if other else []

    def is_there(self, *, again: bool = False) -> bool:
        """Return whether there is one; the server is asked once unless `again` is true."""
        if again or not self._is_enabled:
            try:
                status = self._connection.send(self._operations.get_blob_store_status())
            except UnsupportedServerVersionError:
                self._is_enabled[:] = [False]
            else:
                self._is_enabled[:] = [status["blob_store_enabled"]]
        return self._is_enabled[0]

    def put_inputs(
        self,
        ids: Sequence[int],
        data: bytes,
        keys: dict[int, str] | None,
        report: OnTransfer | None,
    ) -> list[TaskOrganization]:
        """Upload the input for each organization, encrypted while it is sent."""
        inputs: list[TaskOrganization] = []
        total = len(data) * len(ids)
        for id_ in ids:  # one blob each: the server deletes it with the run
            before = len(data) * len(inputs)
            key = keys[id_] if keys else None
            upload = BlobUpload(data, key, lambda n, m=before: report and report(m + n, total))
            inputs.append({"id": id_, "input": self._put(upload)})
        return inputs

    def results(self, rows: Iterable[Result], report: OnTransfer | None = None) -> Reader:
        """Download the results that are in the blob store; decide which may be plain."""
        reader, counter, budget = self._reader(), TransferCounter(report), self._budget()
        plain: Result | None = None
        for row in rows:
            if row.get("blob_storage_used") and row["result"]:
                blob = self._get(row["result"], BlobReader(reader.key), counter, budget)
                reader.blobs[row["result"]] = blob
            in_blob = row.get("blob_storage_used")
            if row["result"] and not reader.holds_encrypted(row["result"], in_blob=in_blob):
                plain = row
        if plain and self.must_be_encrypted(plain):
            return replace(reader, needs_encrypted=True)
        return reader

    def receiving(
        self,
        report: OnTransfer | None = None,
        file: Callable[[], IO[bytes]] | None = None,
        max_bytes: int | None = None,
    ) -> SendOptions:
        """Return the options for responses with results, of which a large one may go to a file."""
        counter, limit, max_body = TransferCounter(report), None, None
        if max_bytes is not None:
            limit = SizeLimit(max_bytes, LARGER)
            max_body = max_bytes // 3 * 4 + self._connection.http.limits.max_response_bytes
        sink = partial(ResultReceiver, self._reader().key, counter, file, limit)
        return SendOptions(texts=LargeTexts("result", sink, max_body))

    def must_be_encrypted(self, row: Result) -> bool:
        """Return whether a result is of a collaboration that is known to be encrypted."""
        known = run_directly(self._trust.encrypted_collaborations)
        if not known:
            return False
        run = self._connection.send(self._operations.get_run(row["run"]["id"]))
        task = self._connection.send(self._operations.get_task(run["task"]["id"]))
        return (task.get("collaboration") or {}).get("id") in known

    def inputs(self, runs: Iterable[Run]) -> Reader:
        """Download the inputs that are in the blob store; only the start of undecryptable ones."""
        reader, budget = self._reader(), self._budget()
        for run in runs:
            blob_id = run.get("input")
            if run.get("blob_storage_used") and blob_id:
                blob = BlobReader(input_key(run, reader))
                reader.blobs[blob_id] = self._get(blob_id, blob, TransferCounter(None), budget)
        return reader

    def read(
        self,
        blob_id: str,
        reader: BlobReader,
        write: Callable[[bytes], object],
        counter: TransferCounter,
    ) -> None:
        """Download a blob in chunks."""
        call = self._operations.download_blob(check_blob_id(blob_id))
        with closing(self._connection.http.download(call)) as pieces:
            for piece in pieces:
                write(reader.update(piece))
                counter.add(len(piece))
        write(reader.finish())

    @property
    def _operations(self) -> ServerOperations:
        return self._connection.backend.server

    def _budget(self) -> SizeLimit:
        return SizeLimit(
            self._connection.http.limits.max_response_bytes,
            "Set a larger max_response_bytes, or write each result to a file with result.save().",
        )

    def _get(
        self, blob_id: str, reader: BlobReader, counter: TransferCounter, budget: SizeLimit
    ) -> Blob:
        """Download a blob into memory, with the error if it cannot be decrypted."""
        data = BytesIO()
        try:
            self.read(blob_id, reader, lambda piece: data.write(budget.take(piece)), counter)
        except DecryptionError as error:
            return Blob(error, reader.is_encrypted)
        return Blob(data.getvalue(), reader.is_encrypted)

    def _put(self, pieces: Iterable[bytes]) -> str:
        """Upload a blob, and return its id."""
        call = self._operations.upload_blob(b"")  # the body is streamed
        response = self._connection.http.upload(call, pieces)
        body = decode_response(call, response)
        return validate(call, body, response, self._connection.backend.server_service.checks)[
            "uuid"
        ]
