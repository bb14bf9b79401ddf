"""Lists of rows: the list that callers get, its pages, and the filters applied to it (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
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

from .errors import InvalidInput

if TYPE_CHECKING:
    from typing_extensions import Self, TypedDict

    from vantage6.bindings.call import Call
    from vantage6.bindings.server.rows import PageLinks

    Row = TypeVar("Row")

    class PageOf(TypedDict, Generic[Row]):
        """One page, as the server sends it."""

        data: list[Row]
        links: PageLinks


Row = TypeVar("Row")
Body = TypeVar("Body", covariant=True)

# Rows in one request when all are wanted: few round trips, each well within a read timeout.
PAGE_SIZE = 250

# Pages of an unsorted listing may repeat and miss rows. Tasks, runs and results come newest first
# all the same: there the server sorts by descending id before it looks at this.
SORT = "id"


class Listing(Protocol[Body]):
    """A list operation of the bindings, with its filters filled in."""

    def __call__(
        self, *, page: int | None, per_page: int | None, sort: str | None
    ) -> Call[Body]: ...


class Rows(list[Row]):
    """The rows of a listing: a list that also answers as the server's JSON would.

    ``rows["data"]`` gives the rows and ``rows["links"]`` the links to other pages, for scripts that
    are used to that form.

    Parameters
    ----------
    rows : Iterable
        The rows.
    links : PageLinks
        The server's links between pages; without ``"next"`` where these are all the rows.
    total : int, optional
        How many rows there are on all pages together; by default as many as given.

    Examples
    --------
    >>> organizations = client.organization.list()
    >>> [organization["name"] for organization in organizations]
    ['IKNL', 'Maastro']
    >>> organizations["data"][0]["id"], organizations.total
    (1, 2)
    """

    def __init__(self, rows: Iterable[Row], links: PageLinks, total: int | None = None) -> None:
        super().__init__(rows)
        self.links = links
        self.total = len(self) if total is None else total

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> Row: ...
    @overload
    def __getitem__(self, key: slice, /) -> list[Row]: ...
    @overload
    def __getitem__(self, key: Literal["data"], /) -> Self: ...
    @overload
    def __getitem__(self, key: Literal["links"], /) -> PageLinks: ...
    def __getitem__(
        self, key: SupportsIndex | slice | Literal["data", "links"], /
    ) -> Row | list[Row] | Self | PageLinks:
        if key == "data":
            return self
        if key == "links":
            return self.links
        return super().__getitem__(key)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (list(self), self.links, self.total)


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
            raise InvalidInput(
                f"fields takes a list of names, such as fields=[{self.fields!r}]; "
                f"for a single one there is field={self.fields!r}"
            )
        for pair in cast("list[object]", self._filters):
            if not isinstance(pair, tuple | list) or len(cast("list[object]", pair)) != 2:
                raise InvalidInput(f"a filter is a pair (field, value), not {pair!r}")

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
        InvalidInput
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
        return kept


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
    return Rows(kept, rows.links, len(kept) if is_whole else rows.total)


def _require_field(name: str, rows: Sequence[object]) -> None:
    known = {column for row in rows for column in cast("dict[str, object]", row)}
    if known and name not in known:
        near = get_close_matches(name, known) or sorted(known)
        raise InvalidInput(f"no row has a field {name!r} to filter by; there is {', '.join(near)}")


def whole(rows: Iterable[Row], links: PageLinks) -> Rows[Row]:
    """Join the rows of all pages.

    Parameters
    ----------
    rows : Iterable
        The rows of every page, in order. A row that moved to a later page while the pages were
        fetched occurs twice.
    links : PageLinks
        The links of the first page.

    Returns
    -------
    Rows
        Each row once.
    """
    by_id = {cast("dict[str, object]", row)["id"]: row for row in rows}
    return Rows(by_id.values(), {"first": links["first"], "self": links["self"]})
