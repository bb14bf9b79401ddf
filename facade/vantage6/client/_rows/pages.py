"""Fetch every page of a listing, within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, cast

from .._utils.memory import decoded_size
from ..errors import InvalidInputError
from .references import as_integer
from .rows import Row, Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import TypedDict

    from vantage6.bindings.call import Call
    from vantage6.bindings.server.rows import PageLinks

    class PageOf(TypedDict, Generic[Row]):
        """One page of a listing, as the server sends it."""

        data: list[Row]
        links: PageLinks


Body = TypeVar("Body", covariant=True)
# Rows per request for a whole listing: few round trips, each well within a read timeout.
PAGE_SIZE = 250
# Each request costs a round trip, so pages grow up to this factor, as long as a page has at most
# this many bytes: results and inputs in rows can be large.
MAX_PAGE_GROWTH = 4
SMALL_PAGE_BYTES = 1 << 20
# Pages of an unsorted listing can repeat and miss rows. Tasks, runs and results are still listed
# newest first: the server sorts them by descending id before it applies this.
SORT = "id"


class Listing(Protocol[Body]):
    """A list operation of the bindings, with its filters filled in."""

    def __call__(
        self, *, page: int | None, per_page: int | None, sort: str | None
    ) -> Call[Body]: ...


def check_page(page: int | None, per_page: int | None) -> None:
    """Reject invalid page numbers and sizes; servers fail on them."""
    for name, number in (("page", page), ("per_page", per_page)):
        value = cast("object", number)
        if value is not None and (as_integer(value) or 0) < 1:
            raise InvalidInputError(
                f"{name}: expected a whole number of 1 or more, or None, got {value!r}"
            )


class Pages(Generic[Row]):
    """The rows of all pages of a listing, within a limit: a server may never send a last page."""

    def __init__(self, max_bytes: int, per_page: int) -> None:
        self._max_bytes = self._left = max_bytes
        self.number, self.per_page = 1, per_page
        self._max_per_page = MAX_PAGE_GROWTH * per_page
        self._by_id: dict[object, Row] = {}
        self._links: PageLinks | None = None
        self.has_more = True

    def add(self, page: PageOf[Row], content: bytes, size: int | None = None) -> str | None:
        """Add the next page and its JSON; return an error message if the listing must stop.

        The size is that of the body, which may have had large texts that are not in the JSON.
        """
        size = len(content) if size is None else size
        before, links = len(self._by_id), page["links"]
        self._by_id.update((cast("dict[str, object]", row)["id"], row) for row in page["data"])
        self._links = self._links or links
        self._left -= decoded_size(content) + size - len(content)
        self.has_more = "next" in links
        self._advance(size)
        if self.has_more and len(self._by_id) == before:
            return "this page has no new row, and is not the last page"
        if self._left < 0:
            return (
                f"pages: expected at most {self._max_bytes} bytes once decoded, got more. Set a "
                "larger max_response_bytes, or request one page at a time (page, per_page)."
            )
        return None

    def _advance(self, size: int) -> None:
        """Move to the next page; double its size if rows are small and such a page starts there."""
        if self.number % 2 == 0 and size <= SMALL_PAGE_BYTES and self.per_page < self._max_per_page:
            self.number, self.per_page = self.number // 2, 2 * self.per_page
        self.number += 1

    def rows(self, names: Mapping[int, str] | None = None) -> Rows[Row]:
        """Return the rows of all pages, each once."""
        links: PageLinks = self._links or {"first": "", "self": ""}
        links = {"first": links["first"], "self": links["self"]}
        return Rows(self._by_id.values(), links, names=names)
