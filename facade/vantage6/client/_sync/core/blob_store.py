# Derived by unasync.py: edit facade/vantage6/client/_async/core/blob_store.py instead.
"""The server's blob store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..._encryption.blobs import (
    Blob,
    BlobReader,
    BlobUpload,
    SizeLimit,
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
    from .http import Http

T = TypeVar("T")


class BlobState(Protocol):
    """What is known of the server's blob store."""

    has_blobs: bool | None


class Server(Protocol):
    """A server that may have a blob store; see `Core`."""

    @property
    def http(self) -> Http: ...

    @property
    def backend(self) -> Backend: ...

    @property
    def state(self) -> BlobState: ...

    @property
    def reader(self) -> Reader: ...

    def send(self, call: Call[T]) -> T: ...


class BlobStore:
    """The blob store of a server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def is_there(self, *, again: bool = False) -> bool:
        """Return whether there is one; the server is asked once."""
        state = self._server.state
        if state.has_blobs is None or again:
            try:
                status = self._server.send(self._server.backend.server.get_blob_store_status())
            except UnsupportedServerVersionError:
                state.has_blobs = False
            else:
                state.has_blobs = status["blob_store_enabled"]
        return state.has_blobs

    def put_inputs(
        self,
        ids: Sequence[int],
        data: bytes,
        keys: dict[int, str] | None,
        report: OnTransfer | None,
    ) -> list[TaskOrganization]:
        """Store the input for each organization, encrypted while it is sent."""
        inputs: list[TaskOrganization] = []
        total = len(data) * len(ids)
        for id_ in ids:  # each has a blob of its own: the server deletes it with the run
            before = len(data) * len(inputs)
            key = keys[id_] if keys else None
            upload = BlobUpload(data, key, lambda n, m=before: report and report(m + n, total))
            inputs.append({"id": id_, "input": self._put(upload)})
        return inputs

    def results(self, rows: Iterable[Result], report: OnTransfer | None = None) -> Reader:
        """Read the results that lie here."""
        reader, tally, room = self._server.reader, TransferCounter(report), self._room()
        for row in rows:
            if row.get("blob_storage_used") and row["result"]:
                blob = self._get(row["result"], BlobReader(reader.key), tally, room)
                reader.blobs[row["result"]] = blob
        return reader

    def inputs(self, runs: Iterable[Run]) -> Reader:
        """Read the inputs that lie here; of those that others alone can read, the beginning."""
        reader, room = self._server.reader, self._room()
        for run in runs:
            blob_id = run.get("input")
            if run.get("blob_storage_used") and blob_id:
                pieces = BlobReader(input_key(run, reader))
                reader.blobs[blob_id] = self._get(blob_id, pieces, TransferCounter(None), room)
        return reader

    def read(
        self,
        blob_id: str,
        reader: BlobReader,
        write: Callable[[bytes], object],
        tally: TransferCounter,
    ) -> None:
        """Read a blob piece by piece."""
        call = self._server.backend.server.download_blob(check_blob_id(blob_id))
        with closing(self._server.http.download(call)) as pieces:
            for piece in pieces:
                write(reader.update(piece))
                tally.add(len(piece))
        write(reader.finish())

    def _room(self) -> SizeLimit:
        return SizeLimit(
            self._server.http.limits.max_response_bytes,
            "Set a larger max_response_bytes, or write each result to a file with result.save().",
        )

    def _get(
        self, blob_id: str, reader: BlobReader, tally: TransferCounter, room: SizeLimit
    ) -> Blob:
        """Read a blob into memory, or find out what keeps it from being decrypted."""
        data = BytesIO()
        try:
            self.read(blob_id, reader, lambda piece: data.write(room.take(piece)), tally)
        except DecryptionError as error:
            return Blob(error, reader.is_encrypted)
        return Blob(data.getvalue(), reader.is_encrypted)

    def _put(self, pieces: Iterable[bytes]) -> str:
        """Store a blob, and give its identifier."""
        call = self._server.backend.server.upload_blob(b"")  # the body is streamed
        response = self._server.http.upload(call, pieces)
        body = decode_response(call, response)
        return validate(call, body, response, self._server.backend.server_service.checks)["uuid"]
