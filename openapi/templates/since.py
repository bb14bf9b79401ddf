"""First releases of operations, parameters and fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Since:
    """First releases of everything added after the oldest known version, 4.7.1.

    Attributes
    ----------
    operations : Mapping[str, str]
        First release of each added operation.
    query : Mapping[str, Mapping[str, str]]
        For each operation, the first release of each added query parameter.
    body : Mapping[str, Mapping[str, str]]
        The same for body fields; names of nested fields have dots.
    once_in_query : Mapping[str, Sequence[str]]
        For each operation, the body fields that were query parameters before.
    """

    operations: Mapping[str, str]
    query: Mapping[str, Mapping[str, str]]
    body: Mapping[str, Mapping[str, str]]
    once_in_query: Mapping[str, Sequence[str]]
