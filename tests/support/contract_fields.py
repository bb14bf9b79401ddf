"""Search the contracts for operations that return given fields."""

import json
from collections.abc import Collection
from typing import Any

from tests.support.paths import OPENAPI


def operations_returning(names: Collection[str]) -> set[str]:
    """Return the operations of any version whose responses have one of these fields."""
    found: set[str] = set()
    for file in (*OPENAPI.glob("server/*.json"), *OPENAPI.glob("store/*.json")):
        contract: Any = json.loads(file.read_text())
        schemas = contract["components"]["schemas"]
        for methods in contract["paths"].values():
            for operation in methods.values():
                answers = [
                    answer.get("content", {})
                    for status, answer in operation["responses"].items()
                    if status.startswith("2")
                ]
                if _has(answers, names, schemas, set()):
                    found.add(operation["operationId"])
    return found


def _has(part: Any, names: Collection[str], schemas: Any, seen: set[str]) -> bool:
    if isinstance(part, list):
        return any(_has(inner, names, schemas, seen) for inner in part)
    if not isinstance(part, dict):
        return False
    if "$ref" in part:
        name = part["$ref"].rsplit("/", 1)[-1]
        if name in seen:
            return False
        seen.add(name)
        return _has(schemas[name], names, schemas, seen)
    return bool(set(part.get("properties", ())) & set(names)) or _has(
        list(part.values()), names, schemas, seen
    )
