"""Check that a response has the fields that the client reads.

Not all of the contract is held against each answer: that would cost as much as decoding it, and
would refuse what a later server says in another way, though nobody here cares. What the client
looks at must be of its kind, or it would fail in the midst of something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final, TypeAlias, cast

# A type, alternatives (None among them), the fields of an object, or the items of a list. The name
# of a field that may be missing ends with "?".
Shape: TypeAlias = "type | tuple[Shape, ...] | Mapping[str, Shape] | list[Shape] | None"
Check: TypeAlias = Callable[[object], bool]
TEXT: Final = (str, None)
NEVER: Final = ()
REFERENCE: Mapping[str, Shape] = {"id": int}
PERHAPS: Final = (REFERENCE, None)
ROW: Mapping[str, Shape] = {"id": int, "name?": TEXT}
MESSAGE: Mapping[str, Shape] = {"msg": str}
RESULT: Mapping[str, Shape] = {
    "id": int,
    "run": REFERENCE,
    "task?": PERHAPS,
    "result": TEXT,
    "blob_storage_used?": (bool, None),
}
RUN: Mapping[str, Shape] = {
    "id": int,
    "task?": REFERENCE,
    "organization?": PERHAPS,
    "node?": {"name?": TEXT},
    "status?": TEXT,
    "log?": TEXT,
    "input?": TEXT,
    "started_at?": TEXT,
    "finished_at?": TEXT,
    "ports?": [{"port?": (int, None)}],
    "blob_storage_used?": (bool, None),
}
TASK: Mapping[str, Shape] = {
    **ROW,
    "status": str,
    "job_id?": (int, None),
    "collaboration?": PERHAPS,
    "parent?": PERHAPS,
    "study?": PERHAPS,
    "created_at?": TEXT,
    "algorithm_store?": PERHAPS,
    "results?": (str, [RESULT]),
    "runs?": (str, [RUN]),
}
ORGANIZATION: Mapping[str, Shape] = {**ROW, "public_key?": TEXT}
COLLABORATION: Mapping[str, Shape] = {**ROW, "encrypted": (bool, None)}
STORE: Mapping[str, Shape] = {**ROW, "url": TEXT}
USER: Mapping[str, Shape] = {"id": int, "firstname?": TEXT, "organization?": PERHAPS}
TOKENS: Mapping[str, Shape] = {"access_token": str, "refresh_token": str}
# Of a listing, the rows; of everything else, the answer. What is not here is any object.
ROWS: Mapping[str, Shape] = {
    "list_tasks": TASK,
    "list_runs": RUN,
    "list_results": RESULT,
    "list_organizations": ORGANIZATION,
    "list_collaborations": COLLABORATION,
    "list_algorithm_stores": STORE,
    "list_nodes": {**ROW, "collaboration?": PERHAPS, "organization?": PERHAPS},
}
ANSWERS: Mapping[str, Shape] = {
    "request": object,  # that of client.request, which may be any
    "get_task": TASK,
    "create_task": ROW,
    "get_run": {**RUN, "task": REFERENCE},
    "get_result": RESULT,
    "get_organization": ORGANIZATION,
    "get_collaboration": COLLABORATION,
    "get_algorithm_store": STORE,
    "get_user": {**USER, "username?": TEXT},
    "get_node": {"id": int, "collaboration?": PERHAPS},
    "get_study": {**ROW, "collaboration": REFERENCE},
    "get_task_status": {"status": str},
    "get_version": {"version": str},
    "get_algorithm": {**ROW, "image": TEXT},
    "get_blob_store_status": {"blob_store_enabled": bool},
    "upload_blob": {"uuid": str},
    "refresh_token": TOKENS,
    "reset_two_factor": {"qr_uri": str},
    # Tokens, the secret of a second factor, or a sentence: see `read_login_response`.
    "create_user_token": (TOKENS, {"access_token?": NEVER, "qr_uri?": str}),
}
# Those that answer with a sentence, which is passed on to the log.
SENTENCES = frozenset(
    (
        *("change_password", "recover_password", "reset_password", "recover_two_factor"),
        *("delete_algorithm_store", "delete_collaboration", "delete_node", "delete_organization"),
        *("delete_ports", "delete_role", "delete_study", "delete_task", "delete_user"),
        *("kill_node_tasks", "kill_task", "remove_node_from_collaboration"),
        *("delete_algorithm", "invalidate_algorithm", "delete_server"),
        *("delete_review", "approve_review", "reject_review"),
    )
)
# Those that answer with a list; that is not parted into pages.
UNPAGED = frozenset(
    (
        *("list_servers", "add_node_to_collaboration", "add_rule_to_role", "remove_rule_from_role"),
        *("add_organization_to_collaboration", "remove_organization_from_collaboration"),
        *("add_organization_to_study", "remove_organization_from_study"),
    )
)
_ABSENT = object()


def find_mismatch(value: object, operation: str) -> str | None:
    """Return what is wrong with an answer."""
    shape, is_right = _expected(operation)
    return None if is_right(value) else _describe_mismatch(value, shape, "")


@cache
def _expected(operation: str) -> tuple[Shape, Check]:
    shape: Shape
    if operation in ANSWERS:
        shape = ANSWERS[operation]
    elif operation in SENTENCES:
        shape = MESSAGE
    elif operation in UNPAGED:
        shape = [dict]
    elif operation.startswith("list_") and operation != "list_vpn_addresses":
        links: Mapping[str, Shape] = {"first": str, "self": str}
        shape = {"data": [ROWS.get(operation, ROW)], "links": links}
    else:
        shape = dict
    return shape, _compile(shape)


def _compile(shape: Shape) -> Check:
    """Create the check that tells quickly; why not is found out by `_describe_mismatch`."""
    if shape is None:
        return lambda value: value is None
    if shape is int:  # and not bool, which is an int too
        return lambda value: type(value) is int
    if isinstance(shape, type):
        kind = shape
        return lambda value: isinstance(value, kind)
    if isinstance(shape, tuple):
        if shape == NEVER:
            return lambda value: False
        checks = [_compile(inner) for inner in sorted(shape, key=_is_plain)]
        first, second = checks  # there are no more anywhere
        return lambda value: first(value) or second(value)
    if isinstance(shape, list):
        check = _compile(shape[0])
        return lambda value: (
            isinstance(value, list) and all(map(check, cast("list[object]", value)))
        )
    return _compile_object(shape)


def _is_plain(shape: Shape) -> bool:
    return shape is None or isinstance(shape, type)


def _compile_object(shape: Mapping[str, Shape]) -> Check:
    fields = [
        (name.rstrip("?"), _plain_kinds(name, inner), _compile(inner))
        for name, inner in shape.items()
    ]

    def is_right(value: object) -> bool:
        if not isinstance(value, dict):
            return False
        get = cast("dict[str, object]", value).get
        for name, kinds, check in fields:
            field = get(name, _ABSENT)
            # Mostly the type tells; a call for each field would take several times as long.
            if type(field) not in kinds and (field is _ABSENT or not check(field)):
                return False
        return True

    return is_right


def _plain_kinds(name: str, shape: Shape) -> frozenset[type]:
    """Return the types that need no further look: of what has parts, none."""
    alternatives = shape if isinstance(shape, tuple) else (shape,)
    kinds = {one for one in alternatives if isinstance(one, type)}
    kinds |= {type(None)} if None in alternatives else set()
    return frozenset(kinds | ({object} if name.endswith("?") else set()))


def _describe_mismatch(value: object, shape: Shape, place: str) -> str:
    """Find the place where a value is not of a shape, of which it is known that it is not."""
    if isinstance(shape, tuple):
        inner = next((s for s in shape if _is_kind(value, s)), None)
        if inner is not None:
            return _describe_mismatch(value, inner, place)
    if isinstance(shape, list) and isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            if not _compile(shape[0])(item):
                return _describe_mismatch(item, shape[0], f"{place}[{index}]")
    if isinstance(shape, Mapping) and isinstance(value, dict):
        row = cast("dict[str, object]", value)
        for field, inner in shape.items():
            name = field.rstrip("?")
            there = f"{place}.{name}" if place else name
            if name not in row and field == name:
                return f"{there} is missing"
            if name in row and not _compile(inner)(row[name]):
                return _describe_mismatch(row[name], inner, there)
    return f"{place or 'the body'} is {_kind(cast('object', value))}, not {_describe(shape)}"


def _is_kind(value: object, shape: Shape) -> bool:
    return isinstance(value, dict if isinstance(shape, Mapping) else list) and isinstance(
        shape, Mapping | list
    )


WORDS: Mapping[object, str] = {
    None: "null",
    type(None): "null",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    dict: "an object",
    list: "a list",
}


def _kind(value: object) -> str:
    return next((WORDS[kind] for kind in type(value).__mro__ if kind in WORDS), "something else")


def _describe(shape: Shape) -> str:
    if isinstance(shape, tuple):
        return " or ".join(dict.fromkeys(map(_describe, shape)))
    if isinstance(shape, Mapping):
        return WORDS[dict]
    return WORDS[list] if isinstance(shape, list) else WORDS[shape]
