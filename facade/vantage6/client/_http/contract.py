"""Check requests against the contract before they are sent, since services ignore what is wrong.

The tables come from the contract (`bindings/*/checks.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from .._rows.references import as_integer
from .._utils.text import suggest
from ..errors import InvalidInputError
from .validation import Kind, find_mismatch

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._rows.selection import Selection


class Contract:
    """What one service accepts, and the fields of its rows."""

    def __init__(self, tables: Any) -> None:
        self._responses: Mapping[str, Kind] = tables.RESPONSES
        self._bodies: Mapping[str, Kind] = tables.BODIES
        self._queries: Mapping[str, Mapping[str, Kind]] = tables.QUERIES
        self._schemas: Mapping[str, Mapping[str, Kind]] = tables.SCHEMAS
        self._values: Mapping[str, Mapping[str, Sequence[str]]] = tables.VALUES

    def check_call(self, call: Call[object]) -> None:
        """Reject a request with unknown parts, or parts of the wrong type."""
        kinds = self._queries.get(call.operation, {})
        row = self._row(call.operation)
        for name, value in call.query.items():
            # Of these, the service receives the text.
            if name in kinds and not (kinds[name] is int and _is_number(value)):
                self._check(value, kinds[name], name)
                self._check_value(row, name, value, name)
        self.check_body(call.operation, call.body)

    def check_body(self, operation: str, body: object) -> None:
        """Reject a body, or a part of one, with unknown fields or values of the wrong type."""
        if operation in self._bodies and body is not None:
            self._check(body, self._bodies[operation], "")

    def check_value(self, operation: str, name: str, value: str | None) -> None:
        """Reject a text that a field of the rows of an operation cannot have."""
        self._check_value(self._row(operation), name, value, name)

    def check_selection(self, operation: str, selection: Selection) -> None:
        """Reject fields that the rows of an operation lack, and values that they cannot have."""
        row = self._row(operation)
        fields = self._schemas.get(row)
        if fields is None:
            return
        for name in selection.names:
            if name not in fields:
                raise InvalidInputError(
                    f"fields: expected fields of the rows, got {name!r}. {suggest(name, fields)}"
                )
        for name, value in selection.pairs:
            if name not in fields:
                raise InvalidInputError(
                    f"filter: expected a field of the rows, got {name!r}. {suggest(name, fields)}"
                )
            self._check(value, fields[name], f"filter {name!r}")
            self._check_value(row, name, value, f"filter {name!r}")

    def _row(self, operation: str) -> str:
        """Return the schema of the rows of an operation."""
        kind = self._responses.get(operation)
        fields = self._schemas.get(str(kind), {})
        (kind,) = cast("list[Kind]", fields.get("data", [kind]))
        return str(kind)

    def _check_value(self, row: str, name: str, value: object, path: str) -> None:
        known = self._values.get(row, {}).get(name)
        if known and isinstance(value, str) and value not in known:
            raise InvalidInputError(
                f"{path}: expected one of {', '.join(map(repr, known))}, got {value!r}. "
                f"{suggest(value, known)}"
            )

    def _check(self, value: object, kind: Kind, path: str) -> None:
        """Raise unless a value and its parts are as the contract describes them."""
        if mismatch := find_mismatch(value, kind, self._fields, path, closed=True):
            where, expected, found = mismatch
            raise InvalidInputError(f"{where or 'the body'}: expected {expected}, got {found}")

    def _fields(self, schema: str) -> Mapping[str, tuple[Kind, bool]]:
        """Return the fields of a schema; the service says which ones are missing."""
        return {name: (kind, False) for name, kind in self._schemas[schema].items()}


def _is_number(value: object) -> bool:
    """Return whether a value is sent as a whole number, such as one of numpy."""
    return as_integer(value) is not None or (isinstance(value, str) and value.isdecimal())


@cache
def service_contract(service: str) -> Contract:
    """Return the contract of a service of the bindings, such as "server"."""
    return Contract(import_module(f"vantage6.bindings.{service}.checks"))
