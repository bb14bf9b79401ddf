"""The result rows of a task and their outputs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._utils.memory import decoded_size
from ..errors import DecryptionError
from .rows import Rows

if TYPE_CHECKING:
    from pandas import DataFrame
    from typing_extensions import Self

    from vantage6.bindings.server.rows import PageLinks, Result, Run


class ResultRows(Rows["Result"]):
    """Results of a task's runs, in the order of the organizations in the request.

    Parameters
    ----------
    rows : Iterable of Result
        Result rows.
    links : PageLinks
        The server's links between pages.
    total : int, optional
        Number of rows on all pages together; by default the number of `rows`.
    fields : sequence of str, optional
        Selected fields; None for whole rows.
    organizations : dict of int to str, optional
        Name of the organization of each run, by the run's id.
    max_bytes : int
        Maximum memory for all outputs together once they are decoded, in bytes; the client's
        ``max_response_bytes`` for rows that it returns.

    Examples
    --------
    >>> results = client.wait_for_results("average age")
    >>> results.outputs
    [{'sum': 3473.0, 'count': 58}, {'sum': 2645.0, 'count': 45}]
    >>> results.by_organization["Maastro"]
    {'sum': 2645.0, 'count': 45}
    >>> int(results.to_pandas()["count"].sum())
    103
    """

    def __init__(
        self,
        rows: Iterable[Result],
        links: PageLinks,
        total: int | None = None,
        fields: Sequence[str] | None = None,
        organizations: Mapping[int, str] | None = None,
        max_bytes: int = 1 << 30,
    ) -> None:
        super().__init__(rows, links, total, fields)
        self.organizations = organizations or {}
        self.max_bytes = max_bytes
        self.reasons: Mapping[int, str] = {}  # why runs have no result, by id

    @property
    def outputs(self) -> list[Any]:
        """Output of the algorithm in each run; None for a run without a result.

        Raises a DecryptionError if a result is not JSON, or if the outputs together would take more
        than `max_bytes`. Each access decodes the results again.
        """
        left, outputs = self.max_bytes, list[Any]()
        for row in self:
            left -= decoded_size(row["result"] or "")
            if left < 0:
                raise _too_large(row, self.max_bytes)
            outputs.append(output_of(row))
        return outputs

    @property
    def by_organization(self) -> dict[str, Any]:
        """Output of the algorithm in each run, by the name of the organization.

        If several runs have the same name, the id of the run is added to it.
        """
        return dict(zip(self._labels(), self.outputs, strict=True))

    @property
    def missing(self) -> dict[str, str]:
        """Why there is no result, by the name of the organization.

        Organizations with a result are left out. The reason is the status of the run when the wait
        ended, such as ``"queued, node offline since 2026-11-27 22:10 UTC"`` or ``"crashed after 2
        s: KeyError: 'age'"``.
        """
        return {
            label: self.reasons.get(row["run"]["id"], "no result")
            for label, row in zip(self._labels(), self, strict=True)
            if row["result"] is None
        }

    def to_pandas(self) -> DataFrame:
        """Create a pandas data frame of the outputs, if these are records or single values.

        An output that is a dictionary becomes one row, and a list of dictionaries becomes one row
        for each of them. If all outputs are numbers, texts or booleans, they become the column
        ``result``. The index contains the organizations. A run without a result has no rows. Whole
        numbers and booleans keep their type where an organization lacks them (``Int64``,
        ``boolean``).

        Returns
        -------
        pandas.DataFrame
            The outputs.

        Raises
        ------
        InvalidInputError
            If an output is anything else, two fields have the same name once nested ones have
            dotted names, or a field is called ``organization``; use `outputs` instead.
        DecryptionError
            If a result is not JSON.
        MissingDependencyError
            If pandas is not installed.

        Examples
        --------
        >>> client.wait_for_results("average age").to_pandas()
                         sum  count
        organization
        IKNL          3473.0     58
        Maastro       2645.0     45
        """
        from .pandas import outputs_to_data_frame

        return outputs_to_data_frame(self._labels(), self.outputs)

    def _labels(self) -> list[str]:
        """Return the organization of each row, with the id of the run if it is not unique."""
        names = [self.organizations.get(row["run"]["id"], "") for row in self]
        counts = Counter(names)
        return [
            name if name and counts[name] == 1 else f"{name} (run {row['run']['id']})".strip()
            for name, row in zip(names, self, strict=True)
        ]

    def _with(self, rows: list[Result]) -> Self:
        some = type(self)(
            rows,
            self.links,
            fields=self.fields,
            organizations=self.organizations,
            max_bytes=self.max_bytes,
        )
        some.reasons = self.reasons
        return some

    def __reduce__(self) -> tuple[object, ...]:
        arguments = self.links, self.total, self.fields, self.organizations, self.max_bytes
        return type(self), (list(self), *arguments), {"reasons": self.reasons}

    def _shown(self) -> Sequence[Any]:
        labels = self._labels() if self.organizations else [None] * len(self)
        return [
            {"organization": label, **row} if label else row
            for label, row in zip(labels, self, strict=True)
        ]


def output_of(row: Result) -> Any:
    """Return the output of an algorithm, decoded from JSON."""
    text = row["result"]
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        run_id = row["run"]["id"]
        raise DecryptionError(
            f"result of run {run_id}: expected JSON, got other text ({error}). "
            "The text is in ['result'].",
            [run_id],
        ) from None


def _too_large(row: Result, max_bytes: int) -> DecryptionError:
    run_id = row["run"]["id"]
    return DecryptionError(
        f"result of run {run_id}: expected outputs of at most {max_bytes} bytes once decoded, got "
        "more. Set a larger max_response_bytes, or parse the text in ['result'] piece by piece.",
        [run_id],
    )


def organizations_of(runs: Iterable[Run], names: Mapping[int, str]) -> dict[int, str]:
    """Return the name of the organization of each run, by the run's id."""
    return {
        run["id"]: names.get(organization["id"]) or str(organization["id"])
        for run in runs
        if (organization := run.get("organization"))
    }
