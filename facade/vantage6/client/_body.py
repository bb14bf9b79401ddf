"""What goes into the body of a request, without what was not given (pure)."""

from __future__ import annotations

from typing import Any


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
