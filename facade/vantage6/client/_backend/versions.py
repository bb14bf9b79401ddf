"""Adapt calls to older versions, and explain what a version lacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

from .._http.contract import Contract, service_contract
from .._http.validation import ResponseChecks, service_checks
from ..errors import EndpointNotFoundError, UnsupportedServerVersionError

if TYPE_CHECKING:
    from vantage6.bindings.call import Call, QueryValue
    from vantage6.bindings.server import rows as server_rows
    from vantage6.bindings.since import Since
    from vantage6.bindings.store import rows as store_rows

    from .._http.address import Address

T = TypeVar("T")
# The API path of stores, and the first version of servers that include it in a store's address.
STORE_PATH, STORE_PATH_SINCE = "/api", "4.8.0"
NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Service:
    """A kind of service: its name in messages, versions, and package in the bindings."""

    name: str
    since: Since
    version_call: Call[server_rows.Version | store_rows.Version]
    bindings: str

    @property
    def checks(self) -> ResponseChecks:
        """Checks of its responses."""
        return service_checks(self.bindings)

    @property
    def contract(self) -> Contract:
        """Checks of requests to it."""
        return service_contract(self.bindings)


def newer_parts(call: Call[object], since: Since) -> dict[str, str]:
    """Return the parameters of a call that some versions lack, with the first version of each."""
    query = since.query.get(call.operation, {})
    body = since.body.get(call.operation, {})
    found = {name: first for name, first in query.items() if name in call.query}
    found.update((name, first) for name, first in body.items() if _sends(call.body, name))
    return found


def _sends(body: object, name: str) -> bool:
    """Return whether a body has a field with a value other than null."""
    first, _, rest = name.partition(".")
    if isinstance(body, list):
        return any(_sends(item, name) for item in cast("list[object]", body))
    if not isinstance(body, Mapping):
        return False
    value = cast("Mapping[str, object]", body).get(first)
    return value is not None if not rest else _sends(value, rest)


def adapt(
    call: Call[T], service: Service, version: str, late: Mapping[str, str], url: str
) -> Call[T]:
    """Convert a call to the form that a version supports, or raise."""
    for name, first in late.items():
        if not _is_before(version, first):
            continue
        if name not in service.since.once_in_query.get(call.operation, ()):
            raise UnsupportedServerVersionError(
                f"{name!r} requires {_requirement(service, first, version)}",
                operation=call.operation,
                server=version,
                needed=first,
                method=call.method,
                url=url + call.path,
            )
        body = dict(cast("Mapping[str, QueryValue]", call.body))
        call = replace(call, query={**call.query, name: body.pop(name)}, body=body)
    return call


def is_newer_operation(call: Call[object], service: Service) -> bool:
    """Return whether some versions lack an operation."""
    return call.operation in service.since.operations


def explain_missing(
    error: EndpointNotFoundError, call: Call[object], service: Service, version: str
) -> UnsupportedServerVersionError | None:
    """Return the error for an operation that the version lacks, or None if it has it."""
    first = service.since.operations[call.operation]
    if not _is_before(version, first):
        return None
    return UnsupportedServerVersionError(
        f"{call.operation} requires {_requirement(service, first, version)}",
        operation=call.operation,
        server=version,
        needed=first,
        method=error.method,
        url=error.url,
        status=error.status,
        body=error.body,
    )


def complete_store_address(store: Address, version: str) -> Address:
    """Add the API path to the address of a store, which older servers omit."""
    return replace(store, path=STORE_PATH) if _is_before(version, STORE_PATH_SINCE) else store


def _requirement(service: Service, needed: str, version: str) -> str:
    return f"{service.name} of version {needed} or later, got {version}"


def _is_before(version: str, needed: str) -> bool:
    """Compare versions; one that cannot be parsed counts as new."""
    numbers = _numbers(version)
    return bool(numbers) and numbers < _numbers(needed)


def _numbers(version: str) -> tuple[int, ...]:
    found = NUMBERS.match(version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()
