"""What goes into the body of a request: checked, and without what was not given (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast, overload

from .errors import InvalidInput


def filled(**fields: object) -> Any:
    """Leave out what was not given, so that it stays as it is.

    Parameters
    ----------
    **fields : object
        The fields of a body, by the names that the API has for them.

    Returns
    -------
    dict
        Those that are not None. The caller says which of the API's bodies it is.
    """
    return {name: value for name, value in fields.items() if value is not None}


@overload
def id_list(ids: Sequence[int], name: str) -> list[int]: ...
@overload
def id_list(ids: Sequence[int] | None, name: str) -> list[int] | None: ...
def id_list(ids: Sequence[int] | None, name: str) -> list[int] | None:
    """Check identifiers before they are sent.

    Parameters
    ----------
    ids : sequence of int or None
        What the caller gave; None where nothing was given.
    name : str
        The argument it was given as.

    Returns
    -------
    list of int or None
        The same, as a list.

    Raises
    ------
    InvalidInput
        When it is not a sequence of identifiers.
    """
    if ids is None:
        return None
    given = cast("object", ids)
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidInput(f"{name} must be a list of ids, such as [1, 2], not {given!r}")
    found = list(cast("Iterable[object]", given))
    for id_ in found:
        if not isinstance(id_, int):
            raise InvalidInput(f"{name} must hold ids, which are whole numbers: not {id_!r}")
    return cast("list[int]", found)
