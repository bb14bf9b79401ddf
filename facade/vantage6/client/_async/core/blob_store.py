"""The server's blob store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from io import BytesIO
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..._encryption.blobs import (
    Blob,
    BlobReader,
    BlobUpload,
    MemoryBudget,
    TransferCounter,
    check_blob_id,
)
from ..._encryption.reader import input_key
from ..._http.decoding import decode_response, validate
from ...errors import DecryptionError, UnsupportedServerVersionError

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from ..._backend.protocol import Backend
    from ..._backend.rows import Result, Run, TaskOrganization
    from ..._encryption.blobs import OnTransfer
    from ..._encryption.reader import Reader
    from .http import AsyncHttp

T = TypeVar("T")


class BlobState(Protocol):
    """What is known of the server's blob store."""

    has_blobs: bool | None


class Server(Protocol):
    """A server that may have a blob store; see `Core`."""

    @property
    def http(self) -> AsyncHttp: ...

    @property
    def backend(self) -> Backend: ...

    @property
    def state(self) -> BlobState: ...

    @property
    def reader(self) -> Reader: ...

    async def send(self, call: Call[T]) -> T: ...


class BlobStore:
    """The blob store of a server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def is_there(self, *, again: bool = False) -> bool:
        """Return whether there is one; the server is asked once unless `again` is true."""
        state = self._server.state
        if state.has_blobs is None or again:
            try:
                status = await self._server.send(
                    self._server.backend.server.get_blob_store_status()
                )
            except UnsupportedServerVersionError:
                state.has_blobs = False
            else:
                state.has_blobs = status["blob_store_enabled"]
        return state.has_blobs

    async def put_inputs(
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
            inputs.append({"id": id_, "input": await self._put(upload)})
        return inputs

    async def results(self, rows: Iterable[Result], report: OnTransfer | None = None) -> Reader:
        """Download the results that are in the blob store."""
        reader, counter, budget = self._server.reader, TransferCounter(report), self._budget()
        for row in rows:
            if row.get("blob_storage_used") and row["result"]:
                blob = await self._get(row["result"], BlobReader(reader.key), counter, budget)
                reader.blobs[row["result"]] = blob
        return reader

    async def inputs(self, runs: Iterable[Run]) -> Reader:
        """Download the inputs that are in the blob store; only the start of undecryptable ones."""
        reader, budget = self._server.reader, self._budget()
        for run in runs:
            blob_id = run.get("input")
            if run.get("blob_storage_used") and blob_id:
                blob = BlobReader(input_key(run, reader))
                reader.blobs[blob_id] = await self._get(
                    blob_id, blob, TransferCounter(None), budget
                )
        return reader

    async def read(
        self,
        blob_id: str,
        reader: BlobReader,
        write: Callable[[bytes], object],
        counter: TransferCounter,
    ) -> None:
        """Download a blob in chunks."""
        call = self._server.backend.server.download_blob(check_blob_id(blob_id))
        async with aclosing(self._server.http.download(call)) as pieces:
            async for piece in pieces:
                write(reader.update(piece))
                counter.add(len(piece))
        write(reader.finish())

    def _budget(self) -> MemoryBudget:
        return MemoryBudget(self._server.http.limits.max_response_bytes)

    async def _get(
        self, blob_id: str, reader: BlobReader, counter: TransferCounter, budget: MemoryBudget
    ) -> Blob:
        """Download a blob into memory, with the error if it cannot be decrypted."""
        data = BytesIO()
        try:
            await self.read(blob_id, reader, lambda piece: data.write(budget.take(piece)), counter)
        except DecryptionError as error:
            return Blob(error, reader.is_encrypted)
        return Blob(data.getvalue(), reader.is_encrypted)

    async def _put(self, pieces: Iterable[bytes]) -> str:
        """Upload a blob, and return its id."""
        call = self._server.backend.server.upload_blob(b"")  # the body is streamed
        response = await self._server.http.upload(call, pieces)
        body = decode_response(call, response)
        return validate(call, body, response, self._server.backend.server_service.checks)["uuid"]
