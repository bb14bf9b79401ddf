"""The result rows of a task, and the outputs in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..errors import DecryptionError
from .rows import Rows

if TYPE_CHECKING:
    from pandas import DataFrame
    from typing_extensions import Self

    from vantage6.bindings.server.rows import PageLinks, Result, Run

    from .._utils.table import Table


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
        InvalidInputError
            When an output is something else; `outputs` has it.
        DecryptionError
            When a result is not JSON.
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> client.wait_for_results("average age").to_pandas()
                         sum  count
        organization
        IKNL          3473.0     58
        Maastro       2645.0     45
        """
        from .pandas import outputs_to_data_frame

        return outputs_to_data_frame(self._where(), self.outputs)

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
        from .columns import build_table

        if not self.organizations:
            return super()._table()
        rows = [
            {"organization": name, **row} for name, row in zip(self._where(), self, strict=True)
        ]
        return build_table(rows, self.fields, self.total)


def output_of(row: Result) -> Any:
    """Return what an algorithm returned, as the Python value that its JSON text stands for."""
    text = row["result"]
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        run_id = row["run"]["id"]
        message = f"the result of run {run_id} is not JSON ({error}); its text is in ['result']"
        raise DecryptionError(message, [run_id]) from None


def organizations_of(runs: Iterable[Run], names: Mapping[int, str]) -> dict[int, str]:
    """Report at which organization each run was."""
    return {
        run["id"]: names.get(organization["id"]) or str(organization["id"])
        for run in runs
        if (organization := run.get("organization"))
    }
