# Derived by unasync.py: edit facade/vantage6/client/_async/core/connection.py instead.
"""One connection to an API."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, TypeVar

from ..._backend.versions import adapt, explain_missing, is_newer_operation, newer_parts
from ..._http.context import DEFAULTS, UNSIGNED, SendOptions
from ..._http.decoding import decode_response, invalid_response, validate
from ..._rows.pages import PAGE_SIZE, SORT, Listing, Pages, check_page
from ..._rows.rows import Rows
from ...errors import EndpointNotFoundError, NotFoundError, ServerError, Vantage6Error
from .name_cache import NameCache

if TYPE_CHECKING:
    from typing_extensions import Self

    from vantage6.bindings.call import Call

    from ..._backend.protocol import Backend
    from ..._backend.versions import Service
    from ..._http.contract import Contract
    from ..._http.limits import Limits
    from ..._http.response import Response
    from ..._rows.pages import PageOf
    from .http import Http

T = TypeVar("T")
Row = TypeVar("Row")
# The header that names the server that an algorithm store verifies the token with.
SERVER_URL = "Server-Url"


class Connection:
    """A connection to one API."""

    def __init__(self, http: Http, url: str, backend: Backend, service: Service) -> None:
        self.http = http
        self.url = url
        self.backend = backend
        self._service = service
        self._version: list[str] = []  # at most one, shared by the views of this connection
        self.names = NameCache(self)

    def limited(self, limits: Limits) -> Self:
        """Return a view of this connection with other limits for each call."""
        view = copy(self)
        view.http = self.http.limited(limits)
        view.names = NameCache(view, self.names)
        return view

    @property
    def contract(self) -> Contract:
        """What the service accepts."""
        return self._service.contract

    def send(self, call: Call[T], options: SendOptions = DEFAULTS) -> T:
        """Send a call and return the body of the response."""
        body, _ = self.exchange(call, options)
        return body

    def exchange(self, call: Call[T], options: SendOptions = DEFAULTS) -> tuple[T, Response]:
        """Send a call and return the body and the response: the pipeline of every request."""
        # 1. Check the call, and adapt it to the version of the service.
        call = self._adapt(call)
        # 2. Sign and send it: BearerAuth signs each attempt, `Retries` decides on the next one.
        response = self.http.exchange(call, options)
        # 3. Decode the response, or raise what its status stands for.
        try:
            body = decode_response(call, response, options.refused)
        except EndpointNotFoundError as error:
            raise self._explain(call, error) from None
        except NotFoundError:
            self.names.forget()  # a cached name may belong to something that was deleted
            raise
        except ServerError as error:
            has_login = self.http.signer.tokens is not None
            raise self.backend.explain_failure(error, has_login=has_login) from None
        # 4. Validate the body against the contract.
        return validate(call, body, response, self._service.checks), response

    def _adapt(self, call: Call[T]) -> Call[T]:
        """Check a call, and return it in the form that the version of the service understands."""
        self.contract.check_call(call)
        if newer := newer_parts(call, self._service.since):
            return adapt(call, self._service, self._ask_version(), newer, self.url)
        return call

    def _ask_version(self) -> str:
        """Return the version of the service; it is requested once, and only when it matters."""
        if not self._version:
            body = self.send(self._service.version_call, UNSIGNED)
            self._version.append(body["version"])
        return self._version[0]

    def _explain(self, call: Call[T], error: EndpointNotFoundError) -> EndpointNotFoundError:
        """Return the error for an operation that an older version lacks, if that is the reason."""
        if not is_newer_operation(call, self._service):
            return error
        try:
            version = self._ask_version()
        except Vantage6Error:  # then the whole API is missing, and the first error says so
            return error
        return explain_missing(error, call, self._service, version) or error

    def rows(
        self,
        listing: Listing[PageOf[Row]],
        page: int | None = None,
        per_page: int | None = None,
        options: SendOptions = DEFAULTS,
    ) -> Rows[Row]:
        """Return the rows of a listing: of all pages, or of one."""
        check_page(page, per_page)
        if page is not None or per_page is not None:
            call = listing(page=page, per_page=per_page, sort=SORT)
            body, response = self.exchange(call, options)
            links, names = body["links"], self.names.displayed_organizations()
            return Rows(body["data"], links, response.total, names=names)
        pages = Pages[Row](self.http.limits.max_response_bytes, PAGE_SIZE)
        while pages.has_more:
            call = listing(page=pages.number, per_page=pages.per_page, sort=SORT)
            body, response = self.exchange(call, options)
            if reason := pages.add(body, response.content, response.size):
                raise invalid_response(reason, response)
        return pages.rows(self.names.displayed_organizations())


class StoreConnection(Connection):
    """A connection to the API of an algorithm store, with the login of the server."""

    def __init__(self, http: Http, id_: int, url: str, backend: Backend) -> None:
        super().__init__(http, url, backend, backend.store_service)
        self.id_ = id_
