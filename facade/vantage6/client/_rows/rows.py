"""The list of rows that list methods return."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, SupportsIndex, TypeVar, cast, overload

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console, ConsoleOptions
    from rich.text import Text
    from typing_extensions import Self

    from vantage6.bindings.server.rows import PageLinks

    from .._utils.table import Table

Row = TypeVar("Row")


class Printer(Protocol):
    """What IPython gives to what shows itself."""

    def text(self, text: str, /) -> None:
        """Write some text."""


class Rows(list[Row]):
    """The rows of a listing: a list that also answers as the server's JSON would.

    ``rows["data"]`` gives the rows and ``rows["links"]`` the links to other pages, for scripts that
    are used to that form.

    ``print(rows)`` shows an aligned table of what people look for in such rows, or of the fields
    that were asked for, and says below it which fields there are besides; a notebook shows such a
    table by itself, and so does rich. Times in it are UTC. ``repr(rows)`` is the whole list, with a
    row on each line.

    Parameters
    ----------
    rows : Iterable
        The rows.
    links : PageLinks
        The server's links between pages; without ``"next"`` where these are all the rows.
    total : int, optional
        How many rows there are on all pages together; by default as many as given.
    fields : sequence of str, optional
        The fields that were asked for; None for whole rows.

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
                f"these are rows, and {key!r} is a field of one: rows[0][{key!r}] is that of the "
                "first; by name there are only rows['data'] and rows['links']"
            )
        return super().__getitem__(key)

    def _with(self, rows: list[Row]) -> Self:
        """Create the same of some of the rows."""
        return type(self)(rows, self.links, fields=self.fields)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (list(self), self.links, self.total, self.fields)

    # ---- how they show themselves ----------------------------------------------------------------

    def __repr__(self) -> str:
        lines = ",\n ".join(map(repr, self))
        return f"[{lines}]"

    def __str__(self) -> str:
        from .._utils.table import as_text

        return as_text(self._table(), _terminal_width())

    def _repr_html_(self) -> str:
        """Show them in a notebook."""
        from .._utils.table import as_html

        return as_html(self._table())

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        """Show them in IPython."""
        printer.text(str(self))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from .._utils.table import as_rich

        yield as_rich(self._table(), options.max_width)

    def _table(self) -> Table:
        from .columns import build_table

        return build_table(self, self.fields, self.total)

    def to_pandas(self) -> DataFrame:
        """Make a pandas data frame, with a line for each row.

        Of a row inside another, such as the organization of a node, the identifier becomes a column
        ``organization.id``. Times become ``datetime64`` in UTC.

        Returns
        -------
        pandas.DataFrame
            The rows.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

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
    """Return how wide the terminal is; None where output goes elsewhere."""
    from os import get_terminal_size

    try:
        # Zero is what terminals say that do not know.
        return get_terminal_size(sys.stdout.fileno()).columns or None
    except (AttributeError, OSError, ValueError):
        return None
