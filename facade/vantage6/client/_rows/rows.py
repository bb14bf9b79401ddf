"""The list that methods return for several rows."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeVar, cast, overload

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console, ConsoleOptions
    from rich.text import Text
    from typing_extensions import Self

    from vantage6.bindings.server.rows import PageLinks

    from .._utils.table import Table

Row = TypeVar("Row")


class Rows(list[Row]):
    """Rows of a listing: a list that also has the keys of the server's JSON.

    ``rows["data"]`` returns the rows and ``rows["links"]`` the links to other pages, for scripts
    that expect that form.

    ``print(rows)`` prints an aligned table of the most useful fields, or of the selected ones, and
    lists the other fields below it. Notebooks and rich display the same table. Times in it are UTC.
    ``repr(rows)`` is the whole list, with one row per line.

    Parameters
    ----------
    rows : Iterable
        The rows.
    links : PageLinks
        The server's links between pages; without ``"next"`` if these are all the rows.
    total : int, optional
        Number of rows on all pages together; by default the number of `rows`.
    fields : sequence of str, optional
        Selected fields; None for whole rows.

    Examples
    --------
    >>> organizations = client.organization.list()
    >>> print(organizations)
    id  name        domain         country
    --  ----------  -------------  -------
     1  IKNL        iknl.nl        NL
     2  Maastro     maastro.nl     NL
     3  Radboudumc  radboudumc.nl  NL
    <BLANKLINE>
    3 rows; not shown: collaborations, nodes, ...
    >>> [organization["name"] for organization in organizations]
    ['IKNL', 'Maastro', 'Radboudumc']
    >>> organizations["data"][0]["id"], organizations.total
    (1, 3)
    """

    def __init__(
        self,
        rows: Iterable[Row],
        links: PageLinks,
        total: int | None = None,
        fields: Sequence[str] | None = None,
    ) -> None:
        super().__init__(rows)
        self.links = links
        self.total = len(self) if total is None else total
        self.fields = fields

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Row: ...
    @overload
    def __getitem__(self, key: slice, /) -> Self: ...
    @overload
    def __getitem__(self, key: Literal["data"], /) -> Self: ...
    @overload
    def __getitem__(self, key: Literal["links"], /) -> PageLinks: ...
    def __getitem__(
        self, key: SupportsIndex | slice | Literal["data", "links"], /
    ) -> Row | Self | PageLinks:
        if key == "data":
            return self
        if key == "links":
            return self.links
        if isinstance(key, slice):
            return self._with(super().__getitem__(key))
        if isinstance(cast("object", key), str):
            raise TypeError(
                f"rows: expected an index, a slice, 'data' or 'links', got {key!r}. For a field of "
                f"the first row, use rows[0][{key!r}]."
            )
        return super().__getitem__(key)

    def _with(self, rows: list[Row]) -> Self:
        """Create a list of the same kind with some of the rows."""
        return type(self)(rows, self.links, fields=self.fields)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (list(self), self.links, self.total, self.fields)

    # ---- display ---------------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = ",\n ".join(map(repr, self))
        return f"[{lines}]"

    def __str__(self) -> str:
        from .._utils.table import as_text

        return as_text(self._table(), _terminal_width())

    def _repr_html_(self) -> str:
        from .._utils.table import as_html

        return as_html(self._table())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from .._utils.table import as_rich

        yield as_rich(self._table(), options.max_width)

    def _table(self) -> Table:
        from .columns import build_table

        return build_table(self, self.fields, self.total)

    def to_pandas(self) -> DataFrame:
        """Create a pandas data frame of the rows, with a line for each.

        A row inside another, such as the organization of a node, becomes a column with its id, here
        ``organization.id``. Times become ``datetime64`` in UTC.

        Returns
        -------
        pandas.DataFrame
            The rows.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.

        Examples
        --------
        >>> client.node.list(fields=["name", "organization"]).to_pandas()
                       name  organization.id
        0        IKNL demo node                1
        1     Maastro demo node                2
        2  Radboudumc demo node                3
        """
        from .pandas import to_data_frame

        return to_data_frame(self)


def _terminal_width() -> int | None:
    """Return the width of the terminal; None if the output is not a terminal."""
    from os import get_terminal_size

    try:
        # Terminals of unknown width report zero.
        return get_terminal_size(sys.stdout.fileno()).columns or None
    except (AttributeError, OSError, ValueError):
        return None
