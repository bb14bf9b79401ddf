"""Decode and decrypt the inputs and results of runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ..errors import DecryptionError
from .base64 import decode
from .wire_format import is_encrypted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from vantage6.bindings.server.rows import Result, Run

    from .._rows.results import ResultRows
    from .._rows.rows import Rows
    from .blobs import Blob

# Longer texts are not parsed to see whether they are whole: garbage of that length is never text,
# and a cut shows at the end.
MAX_CHECKED_CHARS = 2**20
CLOSING = {"{": "}", "[": "]", '"': '"'}
# Of the wrong keys, one in some 250 is noticed only by what comes out: OpenSSL then gives random
# bytes in place of the wrapped key, and these happen to have its length.
REASONS = (
    ": it was encrypted for another key, was cut or altered on its way, or was never meant to be"
)


class _NotTextError(DecryptionError):
    """There are bytes, but not of the kind that was expected."""


class KeyOwner(Protocol):
    """The organization that a private key belongs to."""

    @property
    def organization_id(self) -> int: ...

    @property
    def organization_name(self) -> str: ...


@dataclass(frozen=True)
class Reader:
    """Whoever reads inputs and results: an organization, and its private key."""

    who: KeyOwner
    key: RSAPrivateKey | None
    blobs: dict[str, Blob] = field(default_factory=dict[str, "Blob"])

    def holds_encrypted(self, value: str | None, *, in_blob: bool | None) -> bool:
        """Return whether an input or a result is encrypted."""
        if in_blob and value:
            blob = self.blobs.get(value)
            return blob is not None and blob.is_encrypted
        return is_encrypted(value or "")

    def with_key_owner(self, error: DecryptionError) -> DecryptionError:
        """Let an error say whose key was used."""
        if self.key is None:
            return error
        name, id_ = self.who.organization_name, self.who.organization_id
        return DecryptionError(f"with the key of {name} (organization {id_}): {error}")

    def open(self, value: str | None, *, in_blob: bool | None) -> bytes | None:
        """Return the bytes that were sent."""
        if value is None:
            return None
        if in_blob and value:
            blob = self.blobs.pop(value, None)
            if blob is None:
                raise DecryptionError("the server refers to its blob for another run, too")
            if isinstance(blob.data, bytes):
                return blob.data
            raise self.with_key_owner(blob.data) if blob.is_encrypted else blob.data
        if not is_encrypted(value):
            return decode(value)
        if self.key is None:
            raise DecryptionError("it is encrypted: give setup_encryption() your private key first")
        from .cipher import decrypt

        try:
            return decrypt(value, self.key)
        except DecryptionError as error:
            raise self.with_key_owner(error) from None

    def open_text(self, value: str | None, *, in_blob: bool | None) -> str | None:
        """Return the text that was sent; of an encrypted one, JSON that is whole."""
        # The format says nothing of changes on the way, so what can be seen of them in what comes
        # out is looked for: bytes that are no text, and text that is not JSON.
        sealed = self.holds_encrypted(value, in_blob=in_blob)
        data = self.open(value, in_blob=in_blob)
        if data is None:
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = None
        if text is None or (sealed and text and not _is_whole(text)):
            what = "not text" if text is None else "not JSON"
            raise _NotTextError(f"it is {what}{REASONS if sealed else ''}")
        return text


def _is_whole(text: str) -> bool:
    """Return whether a text is JSON, as far as can be told quickly."""
    if len(text) > MAX_CHECKED_CHARS:
        first, last = text[:MAX_CHECKED_CHARS].lstrip()[:1], text[-MAX_CHECKED_CHARS:].rstrip()[-1:]
        return CLOSING.get(first, last) == last
    try:
        json.loads(text)
    except ValueError:
        return False
    except RecursionError:
        return True  # nothing that was altered by chance is as deep
    return True


def open_result(row: Result, reader: Reader) -> Result:
    """Replace the encoded result of a row by the text that the algorithm wrote."""
    try:
        text = reader.open_text(row["result"], in_blob=row.get("blob_storage_used"))
    except DecryptionError as error:
        raise result_error(row, error) from error
    # Nodes report an empty text for runs that crashed; no result of an algorithm is empty.
    return {**row, "result": text or None}


def open_result_bytes(row: Result, reader: Reader) -> bytes | None:
    """Return the bytes that an algorithm wrote, whatever they are."""
    try:
        return reader.open(row["result"], in_blob=row.get("blob_storage_used")) or None
    except DecryptionError as error:
        raise result_error(row, error) from error


def result_error(row: Result, error: DecryptionError) -> DecryptionError:
    """Let an error say of which run the result is that cannot be read."""
    run_id = row["run"]["id"]
    other = (
        f"; result.get_bytes({run_id}) gives its bytes" if isinstance(error, _NotTextError) else ""
    )
    return DecryptionError(f"the result of run {run_id}: {error}{other}", [run_id])


def open_results(rows: ResultRows, reader: Reader) -> ResultRows:
    """Replace the encoded results of several rows, in place."""
    failures: list[DecryptionError] = []
    for index, row in enumerate(rows):
        try:
            rows[index] = open_result(row, reader)
        except DecryptionError as error:
            rows[index] = {**row, "result": None}
            failures.append(error)
    if failures:
        raise DecryptionError(*_merge_errors(failures), results=rows)
    return rows


def _merge_errors(failures: list[DecryptionError]) -> tuple[str, list[int]]:
    """Return the message of several failures, and their runs."""
    run_ids = [run_id for failure in failures for run_id in failure.run_ids]
    return "; ".join(str(failure) for failure in failures), run_ids


def input_key(run: Run, reader: Reader) -> RSAPrivateKey | None:
    """Return the key that decrypts the input of a run."""
    organization = run.get("organization")
    is_ours = organization is not None and organization["id"] == reader.who.organization_id
    return reader.key if is_ours else None


def open_input(run: Run, reader: Reader) -> Run:
    """Replace the encoded input of a run by the JSON text that was sent, where it can be read."""
    # An encrypted input is written for the organization that executes the run, so it stays as it is
    # in the runs of other organizations, and where there is no key.
    in_blob = run.get("blob_storage_used")
    if reader.holds_encrypted(run.get("input"), in_blob=in_blob) and not input_key(run, reader):
        return run
    try:
        text = reader.open_text(run.get("input"), in_blob=in_blob)
    except DecryptionError as error:
        raise DecryptionError(f"the input of run {run['id']}: {error}", [run["id"]]) from error
    return {**run, "input": text}


def open_inputs(rows: Rows[Run], reader: Reader) -> Rows[Run]:
    """Replace the encoded inputs of several runs, in place."""
    failures: list[DecryptionError] = []
    for index, run in enumerate(rows):
        try:
            rows[index] = open_input(run, reader)
        except DecryptionError as error:
            rows[index] = {**run, "input": None}
            failures.append(error)
    if failures:
        raise DecryptionError(*_merge_errors(failures), runs=rows)
    return rows
