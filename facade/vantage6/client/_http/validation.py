"""Check that a response has the fields that the client reads, with the types of the contract.

The types come from the contract (`bindings/*/checks.py`). Only the fields that the client itself
reads are checked: checking all of them would take as long as decoding, and would reject fields
that a later server changes and the client does not use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Final, TypeAlias, cast

from .._utils.text import suggest

# A type, the name of a schema, a list of one of these, or a tuple of alternatives (None too).
Kind: TypeAlias = object
Check: TypeAlias = Callable[[object], bool]
# The fields of a schema, each with its kind and whether it is required.
Fields: TypeAlias = Callable[[str], Mapping[str, tuple[Kind, bool]]]

# The required fields of each schema, and the optional ones that the client reads.
# Of other schemas: "id", if the schema has it, and "name".
FIELDS: Mapping[str, tuple[str, str]] = {
    "Task": (
        "id status",
        "name job_id collaboration parent study created_at algorithm_store results runs depends_on",
    ),
    "Run": (
        "id",
        "task organization node status log input arguments started_at finished_at ports "
        "blob_storage_used",
    ),
    "Result": ("id run result", "task blob_storage_used"),
    "Organization": ("id", "name public_key"),
    "Collaboration": ("id encrypted", "name"),
    "AlgorithmStore": ("id url", "name"),
    "Session": ("id collaboration study", "name scope"),
    "Dataframe": (
        "id session organizations_ready last_session_task",
        "name db_label columns ready",
    ),
    "Column": ("name node_id", "dtype"),
    "Node": ("id", "name collaboration organization"),
    "User": ("id", "username firstname organization"),
    "Algorithm": ("id", "name image"),
    "UserTokens": ("access_token refresh_token", ""),
    "NodeTokens": ("access_token refresh_token", ""),
    "TwoFactorSecret": ("qr_uri", ""),
    "RunPort": ("", "port"),
    "RunNode": ("", "name"),
    "PageLinks": ("first self", ""),
}
# Schemas whose fields are all required.
WHOLE: Final = frozenset({"Message", "Version", "TaskStatus", "BlobId", "BlobStoreStatus"})
# Fields that single operations require beyond their schema.
REQUIRED: Mapping[str, str] = {
    "get_run": "task",
    "get_study": "collaboration",
    "get_algorithm": "image",
}
# Only the id and the name of these responses are read.
BRIEF: Final = frozenset({"create_task"})
BRIEFLY = " (brief)"
_MISSING = object()
MISSING = "missing"


class ResponseChecks:
    """The checks of one service's responses, compiled when they are first needed."""

    def __init__(
        self, responses: Mapping[str, object], schemas: Mapping[str, Mapping[str, object]]
    ) -> None:
        self._responses = responses
        self._schemas = schemas
        self._compiled: dict[str, Check] = {}
        self._objects: dict[str, Check] = {}

    def find_mismatch(self, value: object, operation: str) -> str | None:
        """Describe the first field that is not as expected; return None if there is none."""
        if operation not in self._responses:
            return None
        kind = self._responses[operation]
        if operation in BRIEF:
            kind = f"{kind}{BRIEFLY}"
        check = self._compiled.get(operation)
        if check is None:
            check = self._compiled[operation] = self._compile(kind)
        if not check(value):
            path, expected, found = find_mismatch(value, kind, self._fields) or ("", "", MISSING)
            path = path or "the body"
            return (
                f"{path} is missing" if found == MISSING else f"{path} is {found}, not {expected}"
            )
        name = REQUIRED.get(operation)
        if name and name not in cast("dict[str, object]", value):
            return f"{name} is missing"
        return None

    def _fields(self, schema: str) -> dict[str, tuple[Kind, bool]]:
        """Return the fields of a schema to check, each with its kind and whether it is required."""
        fields = self._schemas[schema.removesuffix(BRIEFLY)]
        if schema in WHOLE or "data" in fields:
            return {name: (kind, True) for name, kind in fields.items()}
        required, optional = FIELDS.get(schema, ("id" if "id" in fields else "", "name"))
        found = {name: (fields[name], True) for name in required.split()}
        found.update((name, (fields[name], False)) for name in optional.split() if name in fields)
        return found

    def _compile(self, kind: Kind) -> Check:
        """Return a fast check; `find_mismatch` finds the reason."""
        if kind is None:
            return lambda value: value is None
        if kind is int:  # but not bool, which is also an int
            return lambda value: type(value) is int
        if kind is float:
            return lambda value: type(value) in (int, float)
        if isinstance(kind, type):
            plain = kind
            return lambda value: isinstance(value, plain)
        if isinstance(kind, tuple):
            first, *others = (self._compile(part) for part in cast("tuple[Kind, ...]", kind))
            if len(others) == 1:  # faster than the loop below, and nearly always so
                (second,) = others
                return lambda value: first(value) or second(value)
            return lambda value: first(value) or any(check(value) for check in others)
        if isinstance(kind, list):
            check = self._compile(cast("list[Kind]", kind)[0])
            return lambda value: (
                isinstance(value, list) and all(map(check, cast("list[object]", value)))
            )
        return self._compile_object(str(kind))

    def _compile_object(self, schema: str) -> Check:
        if schema in self._objects:
            return self._objects[schema]
        fields: list[tuple[str, frozenset[type], bool, Check]] = []

        def is_right(value: object) -> bool:
            if not isinstance(value, dict):
                return False
            get = cast("dict[str, object]", value).get
            for name, kinds, required, check in fields:
                field = get(name, _MISSING)
                # The type usually decides; a call for each field would take several times as long.
                if type(field) in kinds:
                    continue
                if required if field is _MISSING else not check(field):
                    return False
            return True

        self._objects[schema] = is_right  # before its fields: schemas may contain each other
        fields += [
            (name, _plain_types(kind), required, self._compile(kind))
            for name, (kind, required) in self._fields(schema).items()
        ]
        return is_right


def find_mismatch(
    value: object, kind: Kind, fields: Fields, path: str = "", *, closed: bool = False
) -> tuple[str, str, str] | None:
    """Return the path of the first part that is not of its kind, what was expected, and found.

    A `closed` value has known fields only.
    """
    parts = cast("tuple[Kind, ...]", kind) if isinstance(kind, tuple) else (kind,)
    first = None
    for part in parts:
        if isinstance(part, str) and isinstance(value, Mapping):
            row = cast("Mapping[str, object]", value)
            found = _find_in_fields(row, part, fields, path, closed)
        elif isinstance(part, list) and isinstance(value, list | tuple):
            item_kind = cast("list[Kind]", part)[0]
            items = enumerate(cast("Sequence[object]", value))
            each = (
                find_mismatch(item, item_kind, fields, f"{path}[{i}]", closed=closed)
                for i, item in items
            )
            found = next(filter(None, each), None)
        elif _is_plain(cast("object", value), cast("Kind", part)):
            return None
        else:
            continue
        if found is None:
            return None
        first = first or found
    return first or (path, describe_kind(cast("Kind", kind)), kind_of(cast("object", value)))


def _find_in_fields(
    value: Mapping[str, object], schema: str, fields: Fields, path: str, closed: bool
) -> tuple[str, str, str] | None:
    known = fields(schema)
    if closed and (unknown := [name for name in value if name not in known]):
        hint = f"{unknown[0]!r}. {suggest(unknown[0], known)}"
        return path, "fields of the API", hint
    for name, (kind, required) in known.items():
        field = f"{path}.{name}" if path else name
        if name not in value:
            if required:
                return field, describe_kind(kind), MISSING
        elif found := find_mismatch(value[name], kind, fields, field, closed=closed):
            return found
    return None


def _is_plain(value: object, kind: Kind) -> bool:
    if kind in (None, int, float):  # a bool is also an int, but not here
        kinds = {None: (type(None),), int: (int,), float: (int, float)}
        return type(value) in kinds[kind]
    return isinstance(kind, type) and isinstance(value, kind)


@cache
def service_checks(service: str) -> ResponseChecks:
    """Return the checks of a service of the bindings, such as "server"."""
    module = import_module(f"vantage6.bindings.{service}.checks")
    return ResponseChecks(module.RESPONSES, module.SCHEMAS)


def _plain_types(kind: Kind) -> frozenset[type]:
    """Return the types without parts, which need no further check."""
    parts = cast("tuple[Kind, ...]", kind) if isinstance(kind, tuple) else (kind,)
    types = {part for part in parts if isinstance(part, type)}
    if float in types:
        types.add(int)
    return frozenset(types | ({type(None)} if None in parts else set()))


TYPE_NAMES: Mapping[object, str] = {
    None: "null",
    type(None): "null",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    dict: "an object",
    list: "a list",
}


def kind_of(value: object) -> str:
    """Return what a value is, in the words of JSON."""
    names = (TYPE_NAMES[kind] for kind in type(value).__mro__ if kind in TYPE_NAMES)
    return next(names, f"a {type(value).__name__}")


def describe_kind(kind: Kind) -> str:
    """Return what a value of a kind is, in the words of JSON."""
    if isinstance(kind, tuple):
        return " or ".join(dict.fromkeys(map(describe_kind, cast("tuple[Kind, ...]", kind))))
    if isinstance(kind, str):
        return TYPE_NAMES[dict]
    return TYPE_NAMES[list if isinstance(kind, list) else kind]
