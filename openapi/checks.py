"""Write the types of requests and responses of a contract, for the client's checks (checks.py)."""

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
    """The tables of types of one contract."""

    def __init__(self, contract):
        self.contract = contract
        self.schemas = contract["components"]["schemas"]
        self.used = set()

    def module(self):
        """Return the text of the module."""
        operations = {
            operation["operationId"]: operation
            for methods in self.contract["paths"].values()
            for operation in methods.values()
        }
        responses = {
            name: notation for name, each in operations.items() if (notation := self.response(each))
        }
        bodies = {name: text for name, each in operations.items() if (text := self.body(each))}
        queries = {name: text for name, each in operations.items() if (text := self.query(each))}
        schemas, pending = {}, set(self.used)
        while pending := pending - schemas.keys():
            for name in sorted(pending):
                schemas[name] = self.fields(self.schemas[name])
            pending = set(self.used)
        return (
            '"""The types of requests and responses, and of the fields of each schema.\n\n'
            "A type, the name of a schema, a list of one of these, or a tuple of alternatives.\n"
            "VALUES has the texts that a field can have, where the contract lists them.\n"
            '"""\n\n'
            "from __future__ import annotations\n\n"
            "from collections.abc import Mapping\n\n"
            f"RESPONSES: Mapping[str, object] = {table(responses)}\n\n"
            f"BODIES: Mapping[str, object] = {table(bodies)}\n\n"
            f"QUERIES: Mapping[str, Mapping[str, object]] = {table(queries)}\n\n"
            f"SCHEMAS: Mapping[str, Mapping[str, object]] = {table(schemas)}\n\n"
            f"VALUES: Mapping[str, Mapping[str, tuple[str, ...]]] = {self.values(schemas)}\n"
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

    def body(self, operation):
        """Return the notation of the JSON that an operation is sent; None without any."""
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        return self.notation(content["schema"]) if content else None

    def query(self, operation):
        """Return the notation of each query parameter; None without any."""
        found = {
            parameter["name"]: self.notation(parameter["schema"])
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "query"
        }
        return table(found) if found else None

    def values(self, schemas):
        """Return the texts that the fields of schemas can have, where these are listed."""
        found = {}
        for name in schemas:
            fields = self.schemas[name].get("properties", {})
            listed = {
                field: repr(tuple(values))
                for field, schema in fields.items()
                if len(values := list(self.enumerated(schema))) > 1
            }
            if listed:
                found[name] = table(listed)
        return table(found)

    def enumerated(self, schema):
        """Yield the texts that a value can be."""
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[-1]]
        yield from schema.get("enum", ())
        for part in schema.get("anyOf", ()):
            yield from self.enumerated(part)

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
        kinds = schema.get("type", "object")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return alternatives(
            [
                f"[{self.notation(schema['items'])}]"
                if kind == "array" and "items" in schema
                else TYPES[kind]
                for kind in kinds
            ]
        )


def alternatives(found):
    """Return one notation for several."""
    distinct = list(dict.fromkeys(found))
    return distinct[0] if len(distinct) == 1 else f"({', '.join(distinct)})"


def table(rows):
    """Return a dict display of notations."""
    return (
        "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in sorted(rows.items())) + "}"
    )
