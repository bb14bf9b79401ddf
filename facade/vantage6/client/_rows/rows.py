"""The row and the list of rows that methods return."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from contextlib import suppress
from copy import copy as shallow_copy
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, TypeVar, cast, overload

from vantage6.bindings.secret import SecretRow

from .._utils.notebook import display, is_notebook

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console, ConsoleOptions
    from rich.text import Text
    from typing_extensions import Self

    from vantage6.bindings.server.rows import PageLinks

    from .._utils.table import Table

Row = TypeVar("Row")


class _Displayed:
    """Rows that are displayed as a table."""

    __slots__ = ()

    def _table(self, *, is_whole: bool) -> Table:
        raise NotImplementedError

    def __str__(self) -> str:
        return self._table(is_whole=True).text()

    def _repr_html_(self) -> str:
        return self._table(is_whole=False).html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self._table(is_whole=False).text(printer.max_width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        yield self._table(is_whole=False).rich(options.max_width)


class RowDict(_Displayed, dict[str, Any]):
    """A row: a dict that is displayed as a small table; its ``repr`` is that of a dict."""

    __slots__ = ("names",)

    def __init__(self, row: Mapping[str, Any], names: Mapping[int, str] | None = None) -> None:
        super().__init__(row)
        self.names = names or {}

    def __reduce__(self) -> tuple[object, ...]:
        return RowDict, (dict(self), self.names)

    def _table(self, *, is_whole: bool) -> Table:
        from .columns import table_of_row

        return table_of_row(self, self.names, is_whole=is_whole)


def displayable(row: Row, names: Mapping[int, str]) -> Row:
    """Return a row that is displayed as a table; a row with a secret has its own display."""
    if type(cast("object", row)) is not dict:
        return row
    return cast("Row", RowDict(cast("dict[str, Any]", row), names))


class Rows(_Displayed, list[Row]):
    """Rows of a listing: a list that also answers as the dict that the server sends.

    ``rows["data"]`` returns the rows and ``rows["links"]`` the links to other pages. ``get``,
    ``keys``, ``values``, ``items``, ``in`` and ``dict(rows)`` work as for a dict of these two.

    ``print(rows)`` prints an aligned table with every row and field, except for links and empty
    fields. Notebooks, IPython and rich display the most useful fields, shortened to fit, and
    ``rows.show()`` shows everything. Times in tables are UTC. ``repr(rows)`` is the plain list,
    with one row per line.

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
    names : dict of int to str, optional
        Names of organizations by id, for the display.

    Examples
    --------
    >>> organizations = client.organization.list(fields=["id", "name", "domain", "country"])
    >>> print(organizations)
    id  name        domain         country
    --  ----------  -------------  -------
     1  IKNL        iknl.nl        NL
     2  Maastro     maastro.nl     NL
     3  Radboudumc  radboudumc.nl  NL
    <BLANKLINE>
    3 rows
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
        names: Mapping[int, str] | None = None,
    ) -> None:
        _teach_yaml()
        self.names = names or {}
        super().__init__(map(self._displayable, rows))
        self.links = links
        self.total = len(self) if total is None else total
        self.fields = fields

    def _displayable(self, row: Row) -> Row:
        return displayable(row, self.names)

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
        if isinstance(key, slice):
            return self._with(super().__getitem__(key))
        if not isinstance(key, str):
            return super().__getitem__(key)
        if key not in ("data", "links"):
            raise KeyError(
                f"rows: expected an index, a slice, 'data' or 'links', got {key!r}. For a field of "
                f"the first row, use rows[0][{key!r}]."
            )
        return self if key == "data" else self.links

    def __setitem__(self, key: Any, value: Any, /) -> None:
        if key == "links":
            self.links = value
        elif key == "data":
            super().__setitem__(slice(None), map(self._displayable, list(value)))
        elif isinstance(key, slice):
            super().__setitem__(cast("slice", key), map(self._displayable, value))
        else:
            super().__setitem__(cast("SupportsIndex", key), self._displayable(value))

    def __contains__(self, item: object, /) -> bool:
        return item in ("data", "links") if isinstance(item, str) else super().__contains__(item)

    def _as_dict(self) -> dict[str, Any]:
        return {"data": self, "links": self.links}

    def keys(self) -> KeysView[str]:
        """Return "data" and "links", as the dict that the server sends has them."""
        return self._as_dict().keys()

    def values(self) -> ValuesView[Any]:
        """Return the rows and the links."""
        return self._as_dict().values()

    def items(self) -> ItemsView[str, Any]:
        """Return "data" with the rows and "links" with the links."""
        return self._as_dict().items()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the rows for "data", the links for "links", and the default for another key."""
        return self._as_dict().get(key, default)

    def pop(self, key: Any = -1, *default: Any) -> Any:
        """Remove a row by its index and return it; for "data" and "links", only return them."""
        if isinstance(key, str):
            return self._as_dict().pop(key, *default)
        return super().pop(key)

    def copy(self) -> Self:
        """Return a list of the same kind with the same rows."""
        return shallow_copy(self)

    def _with(self, rows: list[Row]) -> Self:
        """Create a list of the same kind with some of the rows."""
        return type(self)(rows, self.links, fields=self.fields, names=self.names)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (list(self), self.links, self.total, self.fields, self.names)

    # ---- display ---------------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = ",\n ".join(map(repr, self))
        return f"[{lines}]"

    # IPython prefers this to a `__repr__` of the same class only.
    _repr_pretty_ = _Displayed._repr_pretty_

    def show(self) -> None:
        """Show every row and field, except for links and empty fields: printed, or in a notebook.

        Examples
        --------
        >>> client.organization.list(fields=["id", "name"]).show()
        id  name
        --  ----------
         1  IKNL
         2  Maastro
         3  Radboudumc
        <BLANKLINE>
        3 rows
        """
        if is_notebook():
            html = self._table(is_whole=True).html()
            display({"text/html": html, "text/plain": str(self)}, raw=True)
        else:
            print(self)  # noqa: T201 - what the caller asked for

    def _table(self, *, is_whole: bool, **hint: str) -> Table:
        from .columns import table_of_rows

        rows, fields = self._shown(), self.fields
        return table_of_rows(rows, fields, self.total, self.names, is_whole=is_whole, **hint)

    def _shown(self) -> Sequence[Any]:
        """Return the rows as they are displayed."""
        return self

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


@cache
def _teach_yaml() -> None:
    """Let PyYAML, if it is installed, write rows as it writes lists and dicts.

    It goes by the exact type, and has no other way to recognize a list or a dict.
    """
    with suppress(ImportError):
        yaml: Any = import_module("yaml")
        for name in ("SafeDumper", "Dumper", "CSafeDumper", "CDumper"):
            dumper: Any = getattr(yaml, name, None)  # the C ones need LibYAML
            if dumper:
                dumper.add_multi_representer(Rows, dumper.represent_list)
                dumper.add_multi_representer(RowDict, dumper.represent_dict)
                dumper.add_multi_representer(SecretRow, dumper.represent_dict)
