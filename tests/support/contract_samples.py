"""Sample responses that the contracts allow."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.support.paths import OPENAPI


@dataclass(frozen=True)
class Contract:
    """The contract of one version of a service."""

    service: str
    version: str

    def __str__(self) -> str:
        return f"{self.service} {self.version}"

    @property
    def text(self) -> Any:
        """The complete contract."""
        return _load(self.service, self.version)


@cache
def _load(service: str, version: str) -> Any:
    return json.loads((OPENAPI / service / f"{version}.json").read_text())


CONTRACTS = [
    Contract(service, file.stem)
    for service in ("server", "store", "hq", "hq_store")
    for file in sorted((OPENAPI / service).glob("*.json"))
]


@dataclass(frozen=True)
class Operation:
    """An operation with a valid response."""

    name: str
    status: int
    schema: Any


def operations(contract: Contract) -> Iterator[Operation]:
    """Yield all operations whose responses are JSON."""
    for methods in contract.text["paths"].values():
        for described in methods.values():
            if isinstance(described, list):  # the parameters of the path
                continue
            for code, response in described["responses"].items():
                media = response.get("content", {}).get("application/json")
                if code.startswith("2") and media:
                    yield Operation(described["operationId"], int(code), media["schema"])


# The simplest sample of each type.
PLAIN = {
    "string": "text",
    "integer": 5,
    "number": 1.5,
    "boolean": False,
    "null": None,
}


def samples(contract: Contract, schema: Any) -> list[Any]:
    """Return values that match a schema, and together contain each of its alternatives."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return samples(contract, contract.text["components"]["schemas"][name])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [value for one in schema[word] for value in samples(contract, one)]
    if "allOf" in schema:
        return samples(contract, schema["allOf"][0])
    if "enum" in schema:
        return list(schema["enum"][:2])
    if "const" in schema:
        return [schema["const"]]
    kinds = schema.get("type", "object")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return [value for kind in kinds for value in _of_kind(contract, schema, kind)]


def _of_kind(contract: Contract, schema: Any, kind: str) -> list[Any]:
    if kind == "object":
        fields = {
            name: samples(contract, inner) for name, inner in schema.get("properties", {}).items()
        }
        count = max(map(len, fields.values()), default=1)
        whole = [
            {name: values[number % len(values)] for name, values in fields.items()}
            for number in range(count)
        ]
        required = set(schema.get("required", ()))
        least = {name: value for name, value in whole[0].items() if name in required}
        return whole if least == whole[0] else [*whole, least]
    if kind == "array":
        return [[], samples(contract, schema.get("items", {}))]
    return [PLAIN[kind]]
