"""Decode and decrypt the inputs and results of runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

from .._encryption.base64 import decode
from .._encryption.blobs import ReceivedText
from .._encryption.wire_format import NO_KEY, NOT_ENCRYPTED, is_encrypted
from ..errors import DecryptionError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from vantage6.bindings.server.rows import Result, Run

    from .._encryption.blobs import Blob
    from .._rows.results import ResultRows
    from .._rows.rows import Rows

# Longer texts are not parsed to check whether they are complete: garbage of that length is never
# text, and truncation shows at the end.
MAX_CHECKED_CHARS = 2**20
CLOSING = {"{": "}", "[": "]", '"': '"'}
# About one wrong key in 250 is noticed only here: OpenSSL then returns random bytes in place of the
# wrapped key, and these happen to have its length.
REASONS = "it was encrypted for another key, truncated or altered in transit, or never in this form"


class _NotTextError(DecryptionError):
    """Decrypted bytes that are not the expected text or JSON."""


class KeyOwner(Protocol):
    """The organization that a private key belongs to."""

    @property
    def organization_id(self) -> int: ...

    @property
    def organization_name(self) -> str: ...


@dataclass(frozen=True)
class Reader:
    """An organization with its private key, which reads inputs and results."""

    owner: KeyOwner
    key: RSAPrivateKey | None
    blobs: dict[str, Blob] = field(default_factory=dict[str, "Blob"])
    needs_encrypted: bool = False
    # The field of runs that holds their input.
    input_field: str = "input"

    def holds_encrypted(self, value: str | None, *, in_blob: bool | None) -> bool:
        """Return whether an input or a result is encrypted."""
        if isinstance(value, ReceivedText):
            return value.is_encrypted
        if in_blob and value:
            blob = self.blobs.get(value)
            return blob is not None and blob.is_encrypted
        return is_encrypted(value or "")

    def with_key_owner(self, error: DecryptionError) -> DecryptionError:
        """Add the owner of the key to an error."""
        if self.key is None:
            return error
        name, id_ = self.owner.organization_name, self.owner.organization_id
        return DecryptionError(f"with the key of {name} (organization {id_}): {error}")

    def open(self, value: str | None, *, in_blob: bool | None) -> bytes | None:
        """Decode a value, and decrypt it if it is encrypted."""
        if value is None:
            return None
        is_plain = value and not self.holds_encrypted(value, in_blob=in_blob)
        if is_plain and self.needs_encrypted:
            raise DecryptionError(NOT_ENCRYPTED)
        if isinstance(value, ReceivedText):
            data = value.data.encode() if isinstance(value.data, str) else value.data
            if isinstance(data, bytes):
                return data
            raise self.with_key_owner(data) if value.is_encrypted else data
        if in_blob and value:
            blob = self.blobs.pop(value, None)
            if blob is None:
                raise DecryptionError("the server refers to the same blob for another run")
            if isinstance(blob.data, bytes):
                return blob.data
            raise self.with_key_owner(blob.data) if blob.is_encrypted else blob.data
        if is_plain or not value:
            return decode(value)
        if self.key is None:
            raise DecryptionError(NO_KEY)
        from .._encryption.cipher import decrypt

        try:
            return decrypt(value, self.key)
        except DecryptionError as error:
            raise self.with_key_owner(error) from None

    def open_text(self, value: str | None, *, in_blob: bool | None) -> str | None:
        """Decode a value as text; check that an encrypted one is complete JSON."""
        # The format does not detect changes in transit. This check finds those that result in bytes
        # that are not text, or text that is not JSON.
        if isinstance(value, ReceivedText) and isinstance(value.data, str):
            return value.data
        was_encrypted = self.holds_encrypted(value, in_blob=in_blob)
        data = self.open(value, in_blob=in_blob)
        if data is None:
            return None
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = None
        if text is None or (was_encrypted and text and not _is_complete(text)):
            mismatch = "text, got bytes" if text is None else "JSON, got text"
            reasons = f"; {REASONS}" if was_encrypted else ""
            raise _NotTextError(f"expected {mismatch} of another form{reasons}")
        if isinstance(value, ReceivedText):
            value.data = text  # others may hold the row, which must not hold the bytes, too
        return text


def _is_complete(text: str) -> bool:
    """Return whether a text is JSON, as far as a quick check can determine."""
    if len(text) > MAX_CHECKED_CHARS:
        first, last = text[:MAX_CHECKED_CHARS].lstrip()[:1], text[-MAX_CHECKED_CHARS:].rstrip()[-1:]
        return CLOSING.get(first, last) == last
    try:
        json.loads(text)
    except ValueError:
        return False
    except RecursionError:
        return True  # accidental changes do not produce text that is nested so deeply
    return True


def open_result(row: Result, reader: Reader) -> Result:
    """Return a row with the decoded text in place of the encoded result."""
    try:
        text = reader.open_text(row["result"], in_blob=row.get("blob_storage_used"))
    except DecryptionError as error:
        raise result_error(row["run"]["id"], error) from error
    # Nodes report an empty text for runs that crashed; the result of an algorithm is never empty.
    return {**row, "result": text or None}


def open_result_bytes(row: Result, reader: Reader) -> bytes | None:
    """Return the result of an algorithm as bytes, which need not be text."""
    try:
        return reader.open(row["result"], in_blob=row.get("blob_storage_used")) or None
    except DecryptionError as error:
        raise result_error(row["run"]["id"], error) from error


def result_error(run_id: int, error: DecryptionError) -> DecryptionError:
    """Add the run to an error about its result."""
    is_readable = isinstance(error, _NotTextError)
    hint = f" (result.get_bytes({run_id}) returns its bytes)" if is_readable else ""
    return DecryptionError(f"result of run {run_id}: {error}{hint}", [run_id])


def open_results(rows: ResultRows, reader: Reader) -> ResultRows:
    """Decode the results of several rows in place."""
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
    """Return one message for several failures, and their run ids."""
    run_ids = [run_id for failure in failures for run_id in failure.run_ids]
    return "; ".join(str(failure) for failure in failures), run_ids


def input_key(run: Run, reader: Reader) -> RSAPrivateKey | None:
    """Return the key for the input of a run; None if it belongs to another organization."""
    organization = run.get("organization")
    is_own = organization is not None and organization["id"] == reader.owner.organization_id
    return reader.key if is_own else None


def open_input(run: Run, reader: Reader) -> Run:
    """Return a run with the JSON text in place of the encoded input, if it can be read."""
    # An input is encrypted for the organization that executes the run. It stays encrypted in the
    # runs of other organizations, and without a key.
    in_blob = run.get("blob_storage_used")
    value = cast("str | None", run.get(reader.input_field))
    if reader.holds_encrypted(value, in_blob=in_blob) and not input_key(run, reader):
        return run
    try:
        text = reader.open_text(value, in_blob=in_blob)
    except DecryptionError as error:
        raise DecryptionError(f"input of run {run['id']}: {error}", [run["id"]]) from error
    return cast("Run", {**run, reader.input_field: text})


def open_inputs(rows: Rows[Run], reader: Reader) -> Rows[Run]:
    """Decode the inputs of several runs in place."""
    failures: list[DecryptionError] = []
    for index, run in enumerate(rows):
        try:
            rows[index] = open_input(run, reader)
        except DecryptionError as error:
            rows[index] = cast("Run", {**run, reader.input_field: None})
            failures.append(error)
    if failures:
        raise DecryptionError(*_merge_errors(failures), runs=rows)
    return rows
