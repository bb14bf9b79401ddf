"""What older servers lack: checked before sending, explained after a refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from ..errors import EndpointNotFoundError, UnsupportedServerVersionError

if TYPE_CHECKING:
    from vantage6.bindings.call import Call, QueryValue
    from vantage6.bindings.server import rows as server_rows
    from vantage6.bindings.since import Since
    from vantage6.bindings.store import rows as store_rows

    from .._http.address import Address
    from .._http.validation import ResponseChecks

T = TypeVar("T")
# Servers tell under which path a store has its API; earlier ones knew only of stores that have it
# here, and left it to clients to say so.
STORE_PATH, STORE_PATH_TOLD = "/api", "4.8.0"
NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


class Service(Protocol):
    """A kind of service, of whatever version."""

    @property
    def name(self) -> str:
        """What it is, for messages."""
        ...

    @property
    def since(self) -> Since:
        """What came to it with which version."""
        ...

    @property
    def version_call(self) -> Call[server_rows.Version | store_rows.Version]:
        """The call that returns its version."""
        ...

    @property
    def checks(self) -> ResponseChecks:
        """What its responses must hold."""
        ...


def newer_parts(call: Call[object], since: Since) -> dict[str, str]:
    """Find what a call sends that not every version understands."""
    query = since.query.get(call.operation, {})
    body = since.body.get(call.operation, {})
    found = {name: first for name, first in query.items() if name in call.query}
    found.update((name, first) for name, first in body.items() if _sends(call.body, name))
    return found


def _sends(body: object, name: str) -> bool:
    """Return whether a field is in a body, with a value; what is null might as well be left out."""
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
    """Convert a call into the form that a version understands."""
    for name, first in late.items():
        if not _is_before(version, first):
            continue
        if name not in service.since.once_in_query.get(call.operation, ()):
            raise UnsupportedServerVersionError(
                f"{name!r} needs {_requirement(service, first, version)}",
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
    """Return whether an operation is one that not every version has."""
    return call.operation in service.since.operations


def explain_missing(
    error: EndpointNotFoundError, call: Call[object], service: Service, version: str
) -> UnsupportedServerVersionError | None:
    """Create the error that an address is unknown because of the version, if that is why."""
    first = service.since.operations[call.operation]
    if not _is_before(version, first):
        return None
    return UnsupportedServerVersionError(
        f"{call.operation} needs {_requirement(service, first, version)}",
        operation=call.operation,
        server=version,
        needed=first,
        method=error.method,
        url=error.url,
        status=error.status,
        body=error.body,
    )


def complete_store_address(store: Address, version: str) -> Address:
    """Complete the address of an algorithm store that a server names without a path."""
    return replace(store, path=STORE_PATH) if _is_before(version, STORE_PATH_TOLD) else store


def _requirement(service: Service, needed: str, version: str) -> str:
    return f"{service.name} of {needed} or later; this one is {version}"


def _is_before(version: str, needed: str) -> bool:
    """Compare; a version that cannot be read is taken to be a new one."""
    have, want = _numbers(version), _numbers(needed)
    return bool(have) and have < want


def _numbers(version: str) -> tuple[int, ...]:
    found = NUMBERS.match(version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()
