"""Write what the responses of a contract look like, for the client's checks (checks.py)."""

import json

TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "object": "dict",
    "null": "None",
    "array": "list",
}


class Checks:
    """The table of response types of one contract."""

    def __init__(self, contract):
        self.contract = contract
        self.schemas = contract["components"]["schemas"]
        self.used = set()

    def module(self):
        """Return the text of the module."""
        responses = {
            operation["operationId"]: notation
            for methods in self.contract["paths"].values()
            for operation in methods.values()
            if (notation := self.response(operation))
        }
        schemas, pending = {}, set(self.used)
        while pending := pending - schemas.keys():
            for name in sorted(pending):
                schemas[name] = self.fields(self.schemas[name])
            pending = set(self.used)
        return (
            '"""The types of responses: of each operation, and of the fields of each schema.\n\n'
            "A type, the name of a schema, a list of one of these, or a tuple of alternatives.\n"
            '"""\n\n'
            "from __future__ import annotations\n\n"
            "from collections.abc import Mapping\n\n"
            f"RESPONSES: Mapping[str, object] = {table(responses)}\n\n"
            f"SCHEMAS: Mapping[str, Mapping[str, object]] = {table(schemas)}\n"
        )

    def response(self, operation):
        """Return the notation of what an operation responds with; None for what is not JSON."""
        found = [
            self.notation(content["schema"])
            for status, response in operation["responses"].items()
            if status.startswith("2")
            for kind, content in response.get("content", {}).items()
            if kind == "application/json"
        ]
        return alternatives(found) if found else None

    def fields(self, schema):
        """Return the notation of each field of a schema."""
        return table(
            {
                name: self.notation(field)
                for name, field in sorted(schema.get("properties", {}).items())
            }
        )

    def notation(self, schema):
        """Return the notation of a schema."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            if "properties" not in self.schemas[name]:
                return self.notation(self.schemas[name])
            self.used.add(name)
            return json.dumps(name)
        if "anyOf" in schema:
            return alternatives([self.notation(part) for part in schema["anyOf"]])
        if schema.get("type") == "array":
            return f"[{self.notation(schema['items'])}]"
        kinds = schema.get("type", "object")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return alternatives([TYPES[kind] for kind in kinds])


def alternatives(found):
    """Return one notation for several."""
    distinct = list(dict.fromkeys(found))
    return distinct[0] if len(distinct) == 1 else f"({', '.join(distinct)})"


def table(rows):
    """Return a dict display of notations."""
    return (
        "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in sorted(rows.items())) + "}"
    )
