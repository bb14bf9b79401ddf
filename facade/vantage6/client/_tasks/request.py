"""Check and build the request for a new task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from .._encryption.base64 import encode
from .._encryption.large_inputs import LargeInput, is_large
from .._http.request import holds_key, without_none
from .._rows.names import join_first
from .._rows.references import given_id, references
from ..errors import EncryptionNotSetUpError, InvalidInputError, InvalidKeyError

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import (
        Organization,
        Task,
        TaskInput,
        TaskOrganization,
    )

    from .._rows.references import Ref


# The Date header has whole seconds, and the clocks of one server differ only slightly.
CLOCK_SLACK_SECONDS = 2.0


def check_organizations(organizations: Sequence[Ref]) -> list[Ref] | None:
    """Return the organizations of a task as a list, which must not be empty; None for all."""
    if isinstance(organizations, str) and organizations == "all":  # names are always in a list
        return None
    if cast("object", organizations) is None:
        raise InvalidInputError(
            "organizations: expected names, ids or rows, got None. Pass at least one organization, "
            "or 'all' for all of the study or the collaboration."
        )
    refs = references(organizations, "organizations")
    if not refs:
        raise InvalidInputError(
            "organizations: expected at least one organization, got none. "
            "Pass the organizations to run the task at."
        )
    given = [given_id(ref, "organization") for ref in refs]
    check_distinct([id_ for id_ in given if id_ is not None])
    return refs


def check_distinct(ids: Sequence[int]) -> None:
    """Reject duplicate organizations, for which the server's own error is misleading."""
    duplicate = next((id_ for id_, count in Counter(ids).items() if count > 1), None)
    if duplicate is not None:
        raise InvalidInputError(
            f"organizations: expected each organization once, got organization {duplicate} twice. "
            "A task runs once at each organization."
        )


def check_members(ids: Sequence[int], members: Iterable[Mapping[str, Any]], study: int) -> None:
    """Reject organizations outside the study, at which the runs would fail."""
    if lost := set(ids) - {row["id"] for row in members}:
        raise InvalidInputError(
            f"organizations: expected members of study {study}, got organization {min(lost)}"
        )


def describe_organizations(inputs: Sequence[TaskOrganization], names: Mapping[int, str]) -> str:
    """Return the organizations of a task for a log message, with the names from the server."""
    ids = [part["id"] for part in inputs]
    return join_first(
        [f"{names[id_]!r} (id {id_})" if names.get(id_) else f"organization {id_}" for id_ in ids]
    )


def either_arguments(
    kwargs: Mapping[str, object] | None, arguments: Mapping[str, object] | None
) -> Mapping[str, object] | None:
    """Return the arguments of a function by name, from either of two parameters."""
    if kwargs is not None and arguments is not None:
        raise InvalidInputError("kwargs: expected either kwargs or arguments, got both")
    return arguments if kwargs is None else kwargs


def task_input(
    input_: Mapping[str, object] | None,
    method: str | None,
    args: Sequence[object] | None,
    kwargs: Mapping[str, object] | None,
) -> Mapping[str, object]:
    """Return the input of a task, from either `input_` or `method`, `args` and `kwargs`."""
    separate = without_none(method=method, args=args, kwargs=kwargs)
    if input_ is None:
        return _check_input(separate, "")
    if separate:
        raise InvalidInputError(
            "input_: expected either input_ or method, args and kwargs, got both"
        )
    if not isinstance(cast("object", input_), Mapping):
        raise InvalidInputError(
            "input_: expected a dict such as {'method': 'partial_average', 'kwargs': {...}}, "
            f"got a {type(input_).__name__}"
        )
    return _check_input(input_, "input_.")


# What the wrapper around an algorithm reads; it ignores everything else.
INPUT_KEYS = ("method", "args", "kwargs")
# Keys of other versions of the platform.
OTHER_KEYS: Mapping[object, str] = {
    "arguments": "`arguments` is the name in version 5; use `kwargs`.",
    "master": "`master` is an option of version 3; leave it out.",
    "output_format": "`output_format` is an option of version 3; leave it out.",
}


def _check_input(given: Mapping[str, object], prefix: str) -> Mapping[str, object]:
    """Reject what the wrapper around an algorithm ignores, or fails on."""
    for key in cast("Iterable[object]", given):
        if key not in INPUT_KEYS:
            from difflib import get_close_matches  # rarely needed

            close = isinstance(key, str) and get_close_matches(key.lower(), INPUT_KEYS, n=1)
            hint = OTHER_KEYS.get(key) or (
                f"Did you mean {close[0]!r}?"
                if close
                else f"Arguments of the function belong in 'kwargs': {{{key!r}: ...}}."
            )
            raise InvalidInputError(
                f"input_: expected method, args and kwargs, got {key!r}. {hint}"
            )
    method = given.get("method")
    if not isinstance(method, str) or not method:
        raise InvalidInputError(
            f"{prefix}method: expected the name of a function, got {method!r}. "
            "Pass method='partial_average', kwargs={...}, or the same as "
            "input_={'method': 'partial_average', 'kwargs': {...}}."
        )
    args, kwargs = given.get("args", ()), given.get("kwargs", {})
    if not isinstance(args, list | tuple):
        raise InvalidInputError(
            f"{prefix}args: expected a list of arguments, got a {type(args).__name__}. "
            "Pass a list or tuple, such as [argument]."
        )
    if not isinstance(kwargs, Mapping):
        raise InvalidInputError(
            f"{prefix}kwargs: expected a dict of arguments by name, got a {type(kwargs).__name__}"
        )
    for name in cast("Iterable[object]", kwargs):
        if not isinstance(name, str):
            raise InvalidInputError(
                f"{prefix}kwargs: expected names of arguments as keys, got {name!r}"
            )
    return given


def plain_inputs(ids: Iterable[int], data: bytes, field: str = "input") -> list[TaskOrganization]:
    """Return the input of each organization for a collaboration without encryption."""
    ids = list(ids)
    if is_large(data, ids):
        if b"PRIVATE" in data and holds_key(data.decode()):
            raise InvalidInputError(
                "input: expected no private key, got the text of one. Nothing was sent."
            )
        return [cast("TaskOrganization", {"id": id_, field: LargeInput(data)}) for id_ in ids]
    text = encode(data)
    return [cast("TaskOrganization", {"id": id_, field: text}) for id_ in ids]


def encrypted_inputs(
    keys: Mapping[int, str], data: bytes, field: str = "input"
) -> list[TaskOrganization]:
    """Return the input of each organization, encrypted for its key so that only it can read it."""
    from .._encryption.cipher import Encryptor, encrypt

    as_made = is_large(data, keys)
    return [
        cast(
            "TaskOrganization",
            {"id": id_, field: LargeInput(data, Encryptor(key)) if as_made else encrypt(data, key)},
        )
        for id_, key in keys.items()
    ]


def public_keys(ids: Iterable[int], members: Iterable[Organization]) -> dict[int, str]:
    """Return the public keys of organizations by id, after checking them."""
    from .._encryption.keys import fingerprint

    by_id = {member["id"]: member for member in members}
    keys: dict[int, str] = {}
    for id_ in ids:
        if id_ not in by_id:
            known = ", ".join(f"{other} ({member.get('name')})" for other, member in by_id.items())
            raise InvalidInputError(
                f"organization {id_} is not in the collaboration, which has {known}"
            )
        key = by_id[id_].get("public_key")
        if not key:
            raise EncryptionNotSetUpError(
                f"organization {id_} ({by_id[id_].get('name')}): expected a public key on the "
                "server, got none. Nothing can be encrypted for it until its node or one of its "
                "users sets up encryption."
            )
        try:
            fingerprint(key)  # before anything is encrypted or sent
        except InvalidKeyError as error:
            raise InvalidKeyError(f"the public key of organization {id_}: {error}") from error
        keys[id_] = key
    return keys


def matches_request(task: Task, body: TaskInput, since: float) -> bool:
    """Return whether a task may be the requested one; the caller must still compare its inputs."""
    study, created = task.get("study"), task.get("created_at")
    same = (
        task.get("name") == body.get("name")
        and task.get("image") == body["image"]
        and (task.get("description") or "") == body.get("description", "")
        and (study["id"] if study else None) == body.get("study_id")
    )
    from .._utils.time import to_timestamp  # not at the top: rarely needed and slow to load

    moment = to_timestamp(created)
    return same and moment is not None and moment >= since - CLOCK_SLACK_SECONDS
