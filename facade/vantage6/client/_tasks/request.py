"""The body of a new task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from .._encryption.base64 import encode
from .._http.request import without_none
from .._rows.references import references
from ..errors import EncryptionNotSetUpError, InvalidInputError, InvalidKeyError

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import (
        DatabaseInput,
        Organization,
        Task,
        TaskInput,
        TaskOrganization,
    )

    from .._rows.references import Ref

# Times in the header Date are cut to whole seconds, and clocks of one server differ by little.
CLOCK_SLACK_SECONDS = 2.0


def check_organizations(organizations: Sequence[Ref]) -> list[Ref]:
    """Check to whom a task is to be sent."""
    given = references(organizations, "organizations")
    if not given:
        raise InvalidInputError("organizations is empty: a task needs at least one to run at")
    return given


def check_distinct(ids: Sequence[int]) -> None:
    """Reject to send a task twice to one organization, at which servers say something else."""
    twice = next((id_ for index, id_ in enumerate(ids) if id_ in ids[:index]), None)
    if twice is not None:
        raise InvalidInputError(
            f"organizations has organization {twice} twice: a task runs there once"
        )


def task_input(
    input_: Mapping[str, object] | None,
    method: str | None,
    args: Sequence[object] | None,
    kwargs: Mapping[str, object] | None,
) -> Mapping[str, object]:
    """Choose between the two ways to say what a task is to run."""
    if input_ is not None:
        if not (method is None and args is None and kwargs is None):
            raise InvalidInputError(
                "say what to run either by input_, or by method, args and kwargs: not by both"
            )
        if not isinstance(cast("object", input_), Mapping):
            raise InvalidInputError(
                "input_ takes a dict, such as {'method': 'partial_average', 'kwargs': {...}}, not "
                f"{input_!r}"
            )
        return input_
    if method is None:
        raise InvalidInputError(
            "say what to run: method='partial_average', kwargs={...}, or the same as "
            "input_={'method': 'partial_average', 'kwargs': {...}}"
        )
    if not isinstance(cast("object", method), str) or not method:
        raise InvalidInputError(f"method takes the name of a function, not {method!r}")
    if isinstance(args, str) or not isinstance(cast("object", args), Iterable | None):
        raise InvalidInputError(f"args takes a list of arguments, such as [{args!r}]")
    if not isinstance(cast("object", kwargs), Mapping | None):
        raise InvalidInputError(f"kwargs takes a dict of arguments by name, not {kwargs!r}")
    return without_none(method=method, args=args, kwargs=kwargs)


def database_list(
    databases: str | Mapping[str, object] | Sequence[str | Mapping[str, object]] | None,
) -> list[DatabaseInput]:
    """Check which databases a task is to use."""
    is_one = isinstance(databases, str | Mapping)
    if not is_one and not isinstance(cast("object", databases), Iterable | None):
        raise InvalidInputError(f"databases takes labels, such as ['default'], not {databases!r}")
    given = [databases] if is_one else list(databases or ())
    found = [{"label": item} if isinstance(item, str) else item for item in given]
    for index, item in enumerate(cast("list[object]", found)):
        label = cast("dict[str, object]", item).get("label") if isinstance(item, Mapping) else None
        if not isinstance(label, str):
            raise InvalidInputError(
                f"databases[{index}] must be a label, or a dict with one such as "
                f"{{'label': 'default'}}, not {item!r}"
            )
        if not label.isidentifier():
            raise InvalidInputError(
                f"databases[{index}]: a label has letters, digits and underscores only, and no "
                f"digit in front: not {label!r}"
            )
    return cast("list[DatabaseInput]", found)


def plain_inputs(ids: Iterable[int], data: bytes) -> list[TaskOrganization]:
    """Return each organization its input, in a collaboration without encryption."""
    text = encode(data)
    return [{"id": id_, "input": text} for id_ in ids]


def encrypted_inputs(
    ids: Iterable[int], data: bytes, members: Iterable[Organization]
) -> list[TaskOrganization]:
    """Return each organization its input, encrypted so that it alone can read it."""
    from .._encryption.cipher import encrypt

    keys = public_keys(ids, members)
    return [{"id": id_, "input": encrypt(data, keys[id_])} for id_ in ids]


def public_keys(ids: Iterable[int], members: Iterable[Organization]) -> dict[int, str]:
    """Find the public keys of organizations."""
    from .._encryption.keys import fingerprint

    by_id = {member["id"]: member for member in members}
    keys: dict[int, str] = {}
    for id_ in ids:
        if id_ not in by_id:
            known = ", ".join(f"{other} ({member.get('name')})" for other, member in by_id.items())
            raise InvalidInputError(
                f"organization {id_} is not in the collaboration; it has {known}"
            )
        key = by_id[id_].get("public_key")
        if not key:
            raise EncryptionNotSetUpError(
                f"organization {id_} ({by_id[id_].get('name')}) has no public key on the server: "
                "nothing can be encrypted for it: its node, or one of its users, must set it up"
            )
        try:
            fingerprint(key)  # before anything is encrypted or sent
        except InvalidKeyError as error:
            raise InvalidKeyError(f"the public key of organization {id_}: {error}") from error
        keys[id_] = key
    return keys


def matches_request(task: Task, body: TaskInput, since: float) -> bool:
    """Return whether a task may be the one that was asked for; its inputs remain to be compared."""
    study, created = task.get("study"), task.get("created_at")
    same = (
        task.get("name") == body.get("name")
        and task.get("image") == body["image"]
        and (task.get("description") or "") == body.get("description", "")
        and (study["id"] if study else None) == body.get("study_id")
    )
    from .._utils.time import to_timestamp  # rarely needed, and takes time to load

    moment = to_timestamp(created)
    return same and moment is not None and moment >= since - CLOCK_SLACK_SECONDS
