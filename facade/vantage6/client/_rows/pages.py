"""Fetch every page of a listing, within limits."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, Generic, Protocol, SupportsIndex, TypeVar, cast

from ..errors import InvalidInputError
from .rows import Row, Rows

if TYPE_CHECKING:
    from typing_extensions import TypedDict

    from vantage6.bindings.call import Call
    from vantage6.bindings.server.rows import PageLinks

    class PageOf(TypedDict, Generic[Row]):
        """One page, as the server sends it."""

        data: list[Row]
        links: PageLinks


Body = TypeVar("Body", covariant=True)
# Rows in one request when all are wanted: few round trips, each well within a read timeout.
PAGE_SIZE = 250
# Each request costs a round trip, so that pages grow, up to so many times the first one, as long as
# they have no more bytes than this: results and inputs in rows may be large.
MAX_PAGE_GROWTH = 4
SMALL_PAGE_BYTES = 1 << 20
# Pages of an unsorted listing may repeat and miss rows. Tasks, runs and results come newest first
# all the same: there the server sorts by descending id before it looks at this.
SORT = "id"


class Listing(Protocol[Body]):
    """A list operation of the bindings, with its filters filled in."""

    def __call__(
        self, *, page: int | None, per_page: int | None, sort: str | None
    ) -> Call[Body]: ...


def check_page(page: int | None, per_page: int | None) -> None:
    """Reject numbers that no page can have; servers fail at them."""
    for name, number in (("page", page), ("per_page", per_page)):
        given = cast("object", number)
        if given is not None and (
            isinstance(given, bool) or not isinstance(given, SupportsIndex) or index(given) < 1
        ):
            raise InvalidInputError(
                f"{name} must be a whole number from 1 on, or None, not {given!r}"
            )


class Pages(Generic[Row]):
    """The rows of all pages of a listing, as they come; a server may never come to an end."""

    def __init__(self, most: int, per_page: int) -> None:
        self._most = self._left = most
        self.number, self.per_page = 1, per_page
        self._longest = MAX_PAGE_GROWTH * per_page
        self._by_id: dict[object, Row] = {}
        self._links: PageLinks | None = None
        self.has_more = True

    def add(self, page: PageOf[Row], size: int) -> str | None:
        """Accept the next page."""
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
        if self.number % 2 == 0 and size <= SMALL_PAGE_BYTES and self.per_page < self._longest:
            self.number, self.per_page = self.number // 2, 2 * self.per_page
        self.number += 1

    def rows(self) -> Rows[Row]:
        """Return the rows of all pages, each once."""
        links: PageLinks = self._links or {"first": "", "self": ""}
        return Rows(self._by_id.values(), {"first": links["first"], "self": links["self"]})
