# Derived by unasync.py: edit facade/vantage6/client/_async/core/name_cache.py instead.
"""Look up names, and cache the listings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..._rows.names import NAMINGS, SCOPED, Directory, Kind, Scope, describe_scope
from ..._rows.pages import PAGE_SIZE
from ..._rows.rows import Rows
from ...errors import AmbiguousNameError, NameNotFoundError, PermissionDeniedError

if TYPE_CHECKING:
    from ..._backend.protocol import Backend
    from ..._rows.names import AnyRow
    from ..._rows.pages import Listing, PageOf
    from .http import Http

Row = TypeVar("Row")
# Seconds for which names are cached; names that match nothing are requested again at once.
CACHE_SECONDS = 300.0


class RowSource(Protocol):
    """Lists the rows of an API; see `Connection`."""

    @property
    def http(self) -> Http: ...

    @property
    def backend(self) -> Backend: ...

    def rows(
        self, listing: Listing[PageOf[Row]], page: int | None = None, per_page: int | None = None
    ) -> Rows[Row]: ...


class NameCache:
    """The names of the objects of an API."""

    # Listings are requested once and cached. Before an error is raised, they are requested again,
    # to find objects that were renamed or added in the meantime. Tasks are not cached: their names
    # repeat, and new ones are created all the time.

    def __init__(self, connection: RowSource, others: NameCache | None = None) -> None:
        self._connection = connection
        self._known: dict[tuple[Kind, Scope | None], tuple[Directory[AnyRow], float]] = (
            others._known if others else {}
        )
        # Names of organizations that were received, for the display alone.
        self.seen: dict[int, str] = others.seen if others else {}
        # The first caller sends the request; concurrent callers wait and then use the cache.
        self._lock = others._lock if others else connection.http.lock()

    def forget(self, *kinds: Kind) -> None:
        """Drop the cached names of these kinds, by default of all."""
        if not kinds or "organization" in kinds:
            self.seen.clear()
        for key in list(self._known):
            if not kinds or key[0] in kinds or NAMINGS[key[0]].owner_kind in kinds:
                self._known.pop(key, None)

    def find(self, kind: Kind, name: str, within: Scope | None = None) -> AnyRow:
        """Return the row of the one object with a name."""
        within = within if kind in SCOPED else None
        if kind == "task":
            return self._find_task(name, within)
        with self._lock:
            directory, requested = self._known.get((kind, within), (None, 0.0))
            if directory and monotonic() < requested + CACHE_SECONDS:
                try:
                    return directory.find(name)
                except (NameNotFoundError, AmbiguousNameError):
                    pass
            return (self._request(kind, within)).find(name)

    def organizations(self, ids: Iterable[int], since: float = 0.0) -> Mapping[int, str]:
        """Return the visible names of organizations by id, requested after `since`."""
        with self._lock:
            known = self.known_organizations(since)
            if not set(ids) <= known.keys():
                with suppress(PermissionDeniedError):
                    known = (self._request("organization", None)).called()
            return known

    def known_organizations(self, since: float = 0.0) -> dict[int, str]:
        """Return the known names of organizations, without a request."""
        known: dict[int, str] = {}
        since = max(since, monotonic() - CACHE_SECONDS)
        for (kind, _), (directory, requested) in self._known.items():
            if kind == "organization" and requested > since:
                known.update(directory.called())
        return known

    def displayed_organizations(self) -> dict[int, str]:
        """Return the names of organizations to display beside their ids."""
        return self.seen | self.known_organizations()

    def _request(self, kind: Kind, within: Scope | None) -> Directory[AnyRow]:
        owner_kind = NAMINGS[kind].owner_kind
        owners: dict[int, str | None] = {}
        if owner_kind:
            owners = {row["id"]: row.get("name") for row in self._rows(owner_kind, within)}
        rows = self._rows(kind, within)
        directory = Directory(kind, rows, self._describe_scope(within), owners)
        self._known[kind, within] = directory, monotonic()
        return directory

    def _rows(self, kind: Kind, within: Scope | None) -> Rows[AnyRow]:
        return self._connection.rows(self._listing(kind, within))

    def _find_task(self, name: str, within: Scope | None) -> AnyRow:
        # The server treats % and _ as wildcards, so it may return more tasks than requested.
        named = self._connection.rows(self._listing("task", within, name=name))
        try:
            return Directory("task", named, self._describe_scope(within)).find(name)
        except NameNotFoundError:
            newest = self._connection.rows(self._listing("task", within), 1, PAGE_SIZE)
            return Directory("task", newest, self._describe_scope(within)).find(name)

    def _describe_scope(self, within: Scope | None) -> str:
        """Describe the scope of a search, with its name if that is cached."""
        known, _ = self._known.get((within.kind, None), (None, 0.0)) if within else (None, 0.0)
        return describe_scope(within, known.name_of(within.id) if known and within else None)

    def _listing(self, kind: Kind, within: Scope | None, **filters: str) -> Listing[PageOf[AnyRow]]:
        scope = {f"{within.kind}_id": within.id} if within else {}
        return self._connection.backend.listing(kind, **scope, **filters)
