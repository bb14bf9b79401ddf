"""What an API got in the course of its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Since:
    """What came after the oldest version that is known (4.7.1), and with which release.

    Attributes
    ----------
    operations : Mapping[str, str]
        For operations that came later the first release that has them.
    query : Mapping[str, Mapping[str, str]]
        For each operation the query parameters that came after it.
    body : Mapping[str, Mapping[str, str]]
        The same for the fields of its body; one inside another has a dot in its name.
    once_in_query : Mapping[str, Sequence[str]]
        Those of these fields that were query parameters before.
    """

    operations: Mapping[str, str]
    query: Mapping[str, Mapping[str, str]]
    body: Mapping[str, Mapping[str, str]]
    once_in_query: Mapping[str, Sequence[str]]
