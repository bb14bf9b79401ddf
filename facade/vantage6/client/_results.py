"""Inputs and results of runs: from the form in which they travel to what was sent (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ._base64 import decode
from ._listing import Rows
from ._payload import is_encrypted
from .errors import DecryptionError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from pandas import DataFrame
    from typing_extensions import Self

    from vantage6.bindings.server.rows import PageLinks, Result, Run

    from ._display import Table


class ResultRows(Rows["Result"]):
    """The results of a task's runs, in the order of the organizations asked.

    Parameters
    ----------
    rows : Iterable of Result
        The rows.
    links : PageLinks
        The server's links between pages.
    total : int, optional
        How many rows there are on all pages together; by default as many as given.
    fields : sequence of str, optional
        The fields that were asked for; None for whole rows.
    organizations : dict of int to str, optional
        For each run, by its identifier, the organization that it ran at.

    Examples
    --------
    >>> results = client.wait_for_results(12)
    >>> results.outputs
    [{'sum': 2531.0, 'count': 60}, {'sum': 1804.0, 'count': 40}]
    >>> results.by_organization["Maastro"]
    {'sum': 1804.0, 'count': 40}
    >>> results.to_pandas().sum()["count"]
    100
    """

    def __init__(
        self,
        rows: Iterable[Result],
        links: PageLinks,
        total: int | None = None,
        fields: Sequence[str] | None = None,
        organizations: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(rows, links, total, fields)
        self.organizations = organizations or {}

    @property
    def outputs(self) -> list[Any]:
        """What each run's algorithm returned; None for a run without a result.

        DecryptionError when a result is not JSON. They are decoded anew each time.
        """
        return [output_of(row) for row in self]

    @property
    def by_organization(self) -> dict[str, Any]:
        """What each run's algorithm returned, by the name of the organization.

        Where a name stands for several runs, the number of the run is added to it.
        """
        return dict(zip(self._where(), self.outputs, strict=True))

    def to_pandas(self) -> DataFrame:
        """Make a pandas data frame of the outputs, if these are records.

        An output that is a dictionary becomes a line, and one that is a list of dictionaries
        becomes a line for each of them. The organizations are the index. A run without a result has
        no lines.

        Returns
        -------
        pandas.DataFrame
            The outputs.

        Raises
        ------
        InvalidInput
            When an output is something else; `outputs` has it.
        DecryptionError
            When a result is not JSON.
        MissingExtra
            When pandas is not installed.

        Examples
        --------
        >>> client.wait_for_results(12).to_pandas()
                         sum  count
        organization
        IKNL          2531.0     60
        Maastro       1804.0     40
        """
        from ._frames import frame_of_outputs

        return frame_of_outputs(self._where(), self.outputs)

    def _where(self) -> list[str]:
        """Name the organization of each row."""
        names = [self.organizations.get(row["run"]["id"], "") for row in self]
        return [
            name if name and names.count(name) == 1 else f"{name} (run {row['run']['id']})".strip()
            for name, row in zip(names, self, strict=True)
        ]

    def _with(self, rows: list[Result]) -> Self:
        return type(self)(rows, self.links, fields=self.fields, organizations=self.organizations)

    def __reduce__(self) -> tuple[object, ...]:
        kind, arguments = super().__reduce__()
        return kind, (*cast("tuple[object, ...]", arguments), self.organizations)

    def _table(self) -> Table:
        from ._display import table_of

        if not self.organizations:
            return super()._table()
        rows = [
            {"organization": name, **row} for name, row in zip(self._where(), self, strict=True)
        ]
        return table_of(rows, self.fields, self.total)


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
        # Servers before 4.13 have no blob storage, and do not say so.
        text = _open(row["result"], key, in_blob=row.get("blob_storage_used"))
    except DecryptionError as error:
        run_id = row["run"]["id"]
        raise DecryptionError(f"the result of run {run_id}: {error}", run_ids=[run_id]) from error
    # Nodes report an empty text for runs that crashed; no result of an algorithm is empty.
    return {**row, "result": text or None}


def open_results(rows: ResultRows, key: RSAPrivateKey | None) -> ResultRows:
    """Replace the encoded results of several rows, in place.

    Parameters
    ----------
    rows : ResultRows
        The rows, as the server gives them.
    key : RSAPrivateKey or None
        As for `open_result`.

    Returns
    -------
    ResultRows
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


def organizations_of(runs: Iterable[Run], names: Mapping[int, str]) -> dict[int, str]:
    """Tell at which organization each run was.

    Parameters
    ----------
    runs : iterable of Run
        The runs.
    names : dict of int to str
        The names of the organizations, by identifier.

    Returns
    -------
    dict of int to str
        By the identifier of the run the name of its organization, or the identifier of that where
        its name is not known.
    """
    return {
        run["id"]: names.get(organization["id"]) or str(organization["id"])
        for run in runs
        if (organization := run["organization"])
    }


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
        text = _open(run["input"], key, in_blob=run.get("blob_storage_used"))
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
