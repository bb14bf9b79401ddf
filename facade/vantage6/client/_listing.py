"""Lists of rows: the list that callers get, its pages, and the filters applied to it.

No I/O happens here, but that `print` is told how wide the terminal is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from operator import index
from typing import (
    TYPE_CHECKING,
    Generic,
    Literal,
    Protocol,
    SupportsIndex,
    TypeVar,
    cast,
    overload,
)

from .errors import InvalidInputError

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console, ConsoleOptions
    from rich.text import Text
    from typing_extensions import Self, TypedDict

    from vantage6.bindings.call import Call
    from vantage6.bindings.server.rows import PageLinks

    from ._display import Table

    Row = TypeVar("Row")

    class PageOf(TypedDict, Generic[Row]):
        """One page, as the server sends it."""

        data: list[Row]
        links: PageLinks


Row = TypeVar("Row")
Body = TypeVar("Body", covariant=True)

# Rows in one request when all are wanted: few round trips, each well within a read timeout.
PAGE_SIZE = 250
# Each request costs a round trip, so that pages grow, up to so many times the first one, as long as
# they have no more bytes than this: results and inputs in rows may be large.
LONGEST_PAGE = 4
LIGHT_PAGE = 1 << 20

# Pages of an unsorted listing may repeat and miss rows. Tasks, runs and results come newest first
# all the same: there the server sorts by descending id before it looks at this.
SORT = "id"


class Listing(Protocol[Body]):
    """A list operation of the bindings, with its filters filled in."""

    def __call__(
        self, *, page: int | None, per_page: int | None, sort: str | None
    ) -> Call[Body]: ...


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
        """Make the same of some of the rows."""
        return type(self)(rows, self.links, fields=self.fields)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (list(self), self.links, self.total, self.fields)

    # ---- how they show themselves ----------------------------------------------------------------

    def __repr__(self) -> str:
        lines = ",\n ".join(map(repr, self))
        return f"[{lines}]"

    def __str__(self) -> str:
        from ._display import as_text

        return as_text(self._table(), _terminal_width())

    def _repr_html_(self) -> str:
        """Show them in a notebook."""
        from ._display import as_html

        return as_html(self._table())

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:
        """Show them in IPython."""
        printer.text(str(self))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from ._display import as_rich

        yield as_rich(self._table(), options.max_width)

    def _table(self) -> Table:
        from ._display import table_of

        return table_of(self, self.fields, self.total)

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
        from ._frames import frame_of

        return frame_of(self)


def _terminal_width() -> int | None:
    """Tell how wide the terminal is; None where output goes elsewhere."""
    from os import get_terminal_size

    try:
        # Zero is what terminals say that do not know.
        return get_terminal_size(sys.stdout.fileno()).columns or None
    except (AttributeError, OSError, ValueError):
        return None


@dataclass(frozen=True)
class Selection:
    """What to keep of the rows once they are here.

    Parameters
    ----------
    field : str, optional
        The one field to keep of each row.
    fields : sequence of str, optional
        The fields to keep of each row; those that a row does not have are left out.
    filter_ : tuple of str and value, optional
        Keep the rows in which this field has this value.
    filters : sequence of such tuples, optional
        Keep the rows that pass all of these.
    """

    field: str | None = None
    fields: Sequence[str] | None = None
    filter_: tuple[str, object] | None = None
    filters: Sequence[tuple[str, object]] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.fields, str):
            raise InvalidInputError(
                f"fields takes a list of names, such as fields=[{self.fields!r}]; "
                f"for a single one there is field={self.fields!r}"
            )
        for pair in cast("list[object]", self._filters):
            if not isinstance(pair, tuple | list) or len(cast("list[object]", pair)) != 2:
                raise InvalidInputError(f"a filter is a pair (field, value), not {pair!r}")

    @property
    def _filters(self) -> list[tuple[str, object]]:
        return ([self.filter_] if self.filter_ else []) + list(self.filters or ())

    @property
    def _fields(self) -> list[str]:
        return ([self.field] if self.field else []) + list(self.fields or ())

    def of_row(self, row: Row) -> Row:
        """Keep the wanted fields of a row.

        Parameters
        ----------
        row : dict
            The whole row.

        Returns
        -------
        dict
            The row, with the wanted fields alone if any were named.
        """
        names = self._fields
        if not names:
            return row
        columns = cast("dict[str, object]", row)
        return cast("Row", {name: columns[name] for name in names if name in columns})

    def of_rows(self, rows: Rows[Row]) -> Rows[Row]:
        """Keep the wanted rows, and the wanted fields of each.

        Parameters
        ----------
        rows : Rows
            All rows, or those of one page.

        Returns
        -------
        Rows
            Those that pass the filters.

        Raises
        ------
        InvalidInputError
            When a filter names a field that none of the rows has.
        """
        filters = self._filters
        for name, _ in filters:
            _require_field(name, rows)

        def passes(row: Row) -> bool:
            columns = cast("dict[str, object]", row)
            return all(name in columns and columns[name] == value for name, value in filters)

        kept = keep(rows, passes)
        kept[:] = [self.of_row(row) for row in kept]
        kept.fields = self._fields or rows.fields
        return kept


def check_page(page: int | None, per_page: int | None) -> None:
    """Refuse numbers that no page can have; servers fail at them.

    Parameters
    ----------
    page, per_page : int or None
        What the caller gave.

    Raises
    ------
    InvalidInputError
        When one is not a whole number above zero.
    """
    for name, number in (("page", page), ("per_page", per_page)):
        given = cast("object", number)
        if given is not None and (
            isinstance(given, bool) or not isinstance(given, SupportsIndex) or index(given) < 1
        ):
            raise InvalidInputError(
                f"{name} must be a whole number from 1 on, or None, not {given!r}"
            )


def period(name: str, ends: tuple[str | None, str | None] | None) -> tuple[str | None, str | None]:
    """Check the first and the last time of a filter; servers find nothing where there is none.

    Parameters
    ----------
    name : str
        What the caller knows them as.
    ends : tuple of two str, or None
        What the caller gave.

    Returns
    -------
    tuple of two str or None
        The same; None for an end that is open.

    Raises
    ------
    InvalidInputError
        When they are not two, or one is no time.
    """
    given = cast("object", (None, None) if ends is None else ends)
    if not isinstance(given, tuple | list) or len(cast("list[object]", given)) != 2:
        raise InvalidInputError(f"{name} takes the first and the last time, not {given!r}")
    for time in cast("list[object]", given):
        if time is not None and not isinstance(time, date) and not _is_time(time):
            raise InvalidInputError(
                f"{name}: {time!r} is no time, such as '2026-11-26' or '2026-11-26T12:00:00'"
            )
    first, last = cast("list[str | None]", given)
    return first, last


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def keep(rows: Rows[Row], passes: Callable[[Row], bool]) -> Rows[Row]:
    """Keep some of the rows.

    Parameters
    ----------
    rows : Rows
        All rows, or those of one page.
    passes : callable
        Tells of a row whether to keep it.

    Returns
    -------
    Rows
        Those to keep. Of a single page, the total stays what it was on the server.
    """
    kept = [row for row in rows if passes(row)]
    is_whole = rows.total == len(rows)
    return Rows(kept, rows.links, len(kept) if is_whole else rows.total, rows.fields)


def _require_field(name: str, rows: Sequence[object]) -> None:
    known = {column for row in rows for column in cast("dict[str, object]", row)}
    if known and name not in known:
        near = get_close_matches(name, known) or sorted(known)
        raise InvalidInputError(
            f"no row has a field {name!r} to filter by; there is {', '.join(near)}"
        )


class Pages(Generic[Row]):
    """The rows of all pages of a listing, as they come; a server may never come to an end.

    Parameters
    ----------
    most : int
        How many bytes the pages may have together.
    per_page : int
        How many rows the first page is to have.

    Attributes
    ----------
    number, per_page : int
        The page to ask for next.
    """

    def __init__(self, most: int, per_page: int) -> None:
        self._most = self._left = most
        self.number, self.per_page = 1, per_page
        self._longest = LONGEST_PAGE * per_page
        self._by_id: dict[object, Row] = {}
        self._links: PageLinks | None = None
        self.has_more = True

    def add(self, page: PageOf[Row], size: int) -> str | None:
        """Take in the next page.

        Parameters
        ----------
        page : dict
            The page. A row that moved to a later one while the pages were fetched comes twice.
        size : int
            How many bytes it had.

        Returns
        -------
        str or None
            Why there is to be no further page, though the server has one; None if all is well.
        """
        before, links = len(self._by_id), page["links"]
        self._by_id.update((cast("dict[str, object]", row)["id"], row) for row in page["data"])
        self._links = self._links or links
        self._left -= size
        self.has_more = "next" in links
        self._turn(size)
        if self.has_more and len(self._by_id) == before:
            return "this page has no row that was not on the pages before it, and is not the last"
        if self._left < 0:
            return (
                f"the pages have more than the {self._most} bytes that this client takes in: give "
                "it a larger max_response_bytes, or ask for one page after the other (page, "
                "per_page)"
            )
        return None

    def _turn(self, size: int) -> None:
        """Go on to the next page: to one twice as long where rows are small and it begins here."""
        if self.number % 2 == 0 and size <= LIGHT_PAGE and self.per_page < self._longest:
            self.number, self.per_page = self.number // 2, 2 * self.per_page
        self.number += 1

    def rows(self) -> Rows[Row]:
        """Give the rows of all pages, each once."""
        links: PageLinks = self._links or {"first": "", "self": ""}
        return Rows(self._by_id.values(), {"first": links["first"], "self": links["self"]})
