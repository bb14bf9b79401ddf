"""Inputs and results of runs: from the form in which they travel to what was sent (pure)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ._base64 import decode
from ._payload import is_encrypted
from .errors import DecryptionError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from vantage6.bindings.server.rows import Result, Run

    from ._listing import Rows


def open_result(row: Result, key: RSAPrivateKey | None) -> Result:
    """Replace the encoded result of a row by the text that the algorithm wrote.

    Parameters
    ----------
    row : Result
        The row, as the server gives it.
    key : RSAPrivateKey or None
        The private key of the organization that created the task; for encrypted results.

    Returns
    -------
    Result
        The row with the text in ``["result"]``, or None there if the run has no result.

    Raises
    ------
    DecryptionError
        When the result cannot be read, naming the run.
    """
    try:
        text = _open(row["result"], key, in_blob=row["blob_storage_used"])
    except DecryptionError as error:
        run_id = row["run"]["id"]
        raise DecryptionError(f"the result of run {run_id}: {error}", run_ids=[run_id]) from error
    # Nodes report an empty text for runs that crashed; no result of an algorithm is empty.
    return {**row, "result": text or None}


def open_results(rows: Rows[Result], key: RSAPrivateKey | None) -> Rows[Result]:
    """Replace the encoded results of several rows, in place.

    Parameters
    ----------
    rows : Rows of Result
        The rows, as the server gives them.
    key : RSAPrivateKey or None
        As for `open_result`.

    Returns
    -------
    Rows of Result
        The same object.

    Raises
    ------
    DecryptionError
        When results cannot be read. It names their runs and carries all rows, so that the
        readable ones are not lost.
    """
    failures: list[DecryptionError] = []
    for index, row in enumerate(rows):
        try:
            rows[index] = open_result(row, key)
        except DecryptionError as error:
            rows[index] = {**row, "result": None}
            failures.append(error)
    if failures:
        run_ids = [run_id for failure in failures for run_id in failure.run_ids]
        message = "; ".join(str(failure) for failure in failures)
        raise DecryptionError(message, run_ids=run_ids, results=rows)
    return rows


def output_of(row: Result) -> Any:
    """Give what an algorithm returned, as the Python value that its JSON text stands for.

    Parameters
    ----------
    row : Result
        A row whose result has been opened.

    Returns
    -------
    object
        The value; None if the run has no result.

    Raises
    ------
    DecryptionError
        When the result is not JSON, naming the run.
    """
    text = row["result"]
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        run_id = row["run"]["id"]
        message = f"the result of run {run_id} is not JSON ({error}); its text is in ['result']"
        raise DecryptionError(message, run_ids=[run_id]) from None


def open_input(run: Run, key: RSAPrivateKey | None, organization_id: int) -> Run:
    """Replace the encoded input of a run by the JSON text that was sent, where it can be read.

    An encrypted input is written for the organization that executes the run, so it stays as it is
    in the runs of other organizations, and where there is no key.

    Parameters
    ----------
    run : Run
        The row, as the server gives it.
    key : RSAPrivateKey or None
        The private key of the user's organization.
    organization_id : int
        The user's organization.

    Returns
    -------
    Run
        The row with the text in ``["input"]``.

    Raises
    ------
    DecryptionError
        When an input should be readable and is not, naming the run.
    """
    organization = run["organization"]
    is_ours = organization is not None and organization["id"] == organization_id
    if is_encrypted(run["input"] or "") and not (is_ours and key):
        return run
    try:
        text = _open(run["input"], key, in_blob=run["blob_storage_used"])
    except DecryptionError as error:
        run_ids = [run["id"]]
        raise DecryptionError(f"the input of run {run['id']}: {error}", run_ids=run_ids) from error
    return {**run, "input": text}


def _open(value: str | None, key: RSAPrivateKey | None, *, in_blob: bool | None) -> str | None:
    if value is None:
        return None
    if in_blob:
        raise DecryptionError("it lies in the server's blob store, which cannot be read from here")
    if not is_encrypted(value):
        data = decode(value)
    elif key is None:
        raise DecryptionError("it is encrypted: give setup_encryption() your private key first")
    else:
        from ._crypto import decrypt

        data = decrypt(value, key)
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise DecryptionError(
            "it is not text; it was encrypted for another key, or is damaged"
            if is_encrypted(value)
            else "it is not text"
        ) from None
