"""One connection to an API."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, TypeVar

from ..._backend.versions import STORE, Api, adapt, explain_missing, is_newer_operation, newer_parts
from ..._http.decoding import decode_response, invalid_response
from ..._http.response import Response
from ..._rows.names import outdated_by
from ..._rows.pages import PAGE_SIZE, SORT, Listing, Pages, check_page
from ..._rows.rows import Rows
from ...errors import EndpointNotFoundError, PermissionDeniedError, UnauthorizedError, Vantage6Error
from .name_cache import NameCache

if TYPE_CHECKING:
    from typing_extensions import Self

    from vantage6.bindings.call import Call

    from ..._http.client import AsyncHttp
    from ..._http.limits import Limits
    from ..._rows.pages import PageOf

T = TypeVar("T")
Row = TypeVar("Row")
# Tells an algorithm store which server can vouch for the token.
SERVER_URL = "Server-Url"


class Connection:
    """The way to one API."""

    def __init__(self, http: AsyncHttp, url: str, api: Api) -> None:
        self.http = http
        self.url = url
        self._api = api
        self._version: list[str] = []  # at most one
        self.names = NameCache(self)

    def limited(self, limits: Limits) -> Self:
        """Return the same way, and what is known of the API, with other limits for each call."""
        view = copy(self)
        view.http = self.http.limited(limits)
        view.names = NameCache(view, self.names)
        return view

    async def send(
        self,
        call: Call[T],
        *,
        signed: bool = True,
        refused: type[UnauthorizedError] = PermissionDeniedError,
        extensions: Mapping[str, object] | None = None,
    ) -> T:
        """Send one request."""
        body, _ = await self._exchange(call, signed, refused, extensions)
        return body

    async def _exchange(
        self,
        call: Call[T],
        signed: bool = True,
        refused: type[UnauthorizedError] = PermissionDeniedError,
        extensions: Mapping[str, object] | None = None,
    ) -> tuple[T, Response]:
        """Send a request, as this version of the API wants it, and read what comes back."""
        if late := newer_parts(call, self._api.since):
            call = adapt(call, self._api, await self._ask_version(), late, self.url)
        response = await self.http.exchange(call, signed=signed, extensions=extensions)
        try:
            body = decode_response(call, response, refused)
        except EndpointNotFoundError as error:
            raise await self._reason(call, error) from None
        if outdated := outdated_by(call.operation):
            self.names.forget(*outdated)
        return body, response

    async def _ask_version(self) -> str:
        """Return the version of the API; it is asked once, and only when it matters."""
        if not self._version:
            response = await self.http.exchange(self._api.ask, signed=False)
            self._version.append(decode_response(self._api.ask, response)["version"])
        return self._version[0]

    async def _reason(self, call: Call[T], error: EndpointNotFoundError) -> EndpointNotFoundError:
        """Determine whether an operation is unknown because the API is of an older version."""
        if not is_newer_operation(call, self._api):
            return error
        try:
            version = await self._ask_version()
        except Vantage6Error:  # then the whole API is not there, and the first error says so
            return error
        return explain_missing(error, call, self._api, version) or error

    async def rows(
        self,
        listing: Listing[PageOf[Row]],
        page: int | None = None,
        per_page: int | None = None,
    ) -> Rows[Row]:
        """Get the rows of a listing."""
        check_page(page, per_page)
        if page is not None or per_page is not None:
            body, response = await self._exchange(listing(page=page, per_page=per_page, sort=SORT))
            return Rows(body["data"], body["links"], response.total)
        pages = Pages[Row](self.http.limits.max_response_bytes, PAGE_SIZE)
        while pages.has_more:
            call = listing(page=pages.number, per_page=pages.per_page, sort=SORT)
            body, response = await self._exchange(call)
            if trouble := pages.add(body, len(response.content)):
                raise invalid_response(trouble, response)
        return pages.rows()


class StoreConnection(Connection):
    """The way to the API of an algorithm store, with the login of the server."""

    def __init__(self, http: AsyncHttp, id_: int, url: str) -> None:
        super().__init__(http, url, STORE)
        self.id_ = id_
