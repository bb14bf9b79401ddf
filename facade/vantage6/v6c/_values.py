"""From the words of a command to values (pure)."""

from __future__ import annotations

import json
from typing import NoReturn


class NotAValueError(ValueError):
    """A word that cannot be read; the message says what would be right."""


def value_of(word: str) -> object:
    """Read a value: JSON where it is that, else the text itself.

    Parameters
    ----------
    word : str
        The word, such as ``5``, ``age``, ``"5"`` or ``[1, 2]``.

    Returns
    -------
    object
        The value.
    """
    try:
        return json.loads(word, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return word


def pair_of(word: str) -> tuple[str, object]:
    """Read a name and its value.

    Parameters
    ----------
    word : str
        Both, as ``column_name=age``.

    Returns
    -------
    tuple of str and object
        The name, and the value as `value_of` reads it.

    Raises
    ------
    NotAValueError
        When there is no name or no ``=``.
    """
    name, equals, value = word.partition("=")
    if not (name and equals):
        raise NotAValueError(f"{word!r} is not NAME=VALUE, as column_name=age is")
    return name, value_of(value)


def document_of(text: str | bytes, where: str) -> object:
    """Read a JSON document.

    Parameters
    ----------
    text : str or bytes
        The document, in UTF-8.
    where : str
        Where it comes from, for the message.

    Returns
    -------
    object
        What it stands for.

    Raises
    ------
    NotAValueError
        When it is no JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotAValueError(f"{where} is not JSON: {error}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def looks_like_json(word: str) -> bool:
    """Tell a JSON document in a command from the name of a file with one.

    Parameters
    ----------
    word : str
        What was given.

    Returns
    -------
    bool
        Whether it begins as an object or a list does.
    """
    return word.lstrip().startswith(("{", "["))
