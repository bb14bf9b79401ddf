"""Algorithm input: from a Python value to the JSON that algorithms read (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from ._values import NotSendableError, json_of
from .errors import InvalidInputError

# Parts the three parts of an encrypted value; base64 text never contains it.
SEPARATOR = "$"


def serialize(value: object, name: str) -> bytes:
    """Turn a value into the JSON that algorithms read.

    Parameters
    ----------
    value : object
        What to serialize.
    name : str
        What the caller calls the value; errors point into it (``input_.kwargs.x``). Empty where
        the caller gave the members of a dictionary by themselves (``kwargs.x``).

    Returns
    -------
    bytes
        The JSON text in UTF-8.

    Raises
    ------
    InvalidInputError
        When JSON cannot hold the value, naming the place inside it.
    """
    try:
        return json.dumps(value, default=json_of).encode()
    except (TypeError, ValueError, RecursionError) as error:
        place, reason = next(_troubles(value, name, ()), (name, str(error)))
        raise InvalidInputError(f"{place} cannot be sent as JSON: {reason}") from None


def _troubles(value: object, place: str, above: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Yield each place in `value` that JSON cannot hold, with the reason; `above` finds cycles."""
    if value is None or isinstance(value, str | int | float):
        return
    inside = (*above, id(value))
    if id(value) in above:
        yield place, "it contains itself"
    elif isinstance(value, dict):
        for key, item in cast("dict[object, object]", value).items():
            if key is not None and not isinstance(key, str | int | float):
                yield f"{place}[{key!r}]", f"a key must be a str, not {type(key).__name__}"
            yield from _troubles(item, _member(place, key), inside)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _troubles(item, f"{place}[{index}]", inside)
    else:
        try:
            known = json_of(value)
        except NotSendableError as error:
            yield place, str(error)
        else:
            yield from _troubles(known, place, inside)


def _member(place: str, key: object) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{place}.{key}" if place else key
    return f"{place}[{key!r}]"


def is_encrypted(text: str) -> bool:
    """Tell an encrypted value from a plain one, by its format.

    Parameters
    ----------
    text : str
        The input or the result of a run, as the server gives it.

    Returns
    -------
    bool
        Whether it is encrypted.
    """
    return SEPARATOR in text
