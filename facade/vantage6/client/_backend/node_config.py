"""What a node publishes about itself: the same keys on both generations, columns only on 4.x."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# As SQLite and other databases of 4.x store a truth value, and as nodes of 5.x write it.
TRUTH: Mapping[str | None, bool] = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True)
class Published:
    """The published settings of a node; None where it publishes nothing."""

    encrypted: bool | None
    algorithms: tuple[str, ...] | None
    users: tuple[str, ...]
    organizations: tuple[str, ...]
    labels: frozenset[str] | None
    columns: Mapping[str, frozenset[str]]


def published(config: Iterable[Mapping[str, Any]]) -> Published | None:
    """Return what a node publishes, from its rows of keys and values; None if it does not share."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in config:
        if isinstance(row["key"], str) and isinstance(row["value"], str):
            found[row["key"]].append(row["value"])
    if not found:
        return None
    encrypted = {TRUTH.get(value.lower()) for value in found.get("encryption", ())}
    algorithms, labels = found.get("allowed_algorithms"), found.get("database_labels")
    return Published(
        encrypted.pop() if len(encrypted) == 1 else None,
        tuple(algorithms) if algorithms else None,
        tuple(found.get("allowed_users", ())),
        tuple(found.get("allowed_orgs", ())),
        frozenset(labels) if labels else None,
        {
            key.removeprefix("columns_"): frozenset(values)
            for key, values in found.items()
            if key.startswith("columns_")
        },
    )
