"""Component schemas of a contract, from the facts of a package and the overlay."""

import re

from contract_errors import OverlayPath

# JSON types of marshmallow fields, in the short notation of the overlay.
FIELD_TYPES = {
    "Boolean": "boolean",
    "DateTime": "datetime",
    "Dict": "object",
    "Email": "string",
    "Float": "number",
    "Integer": "integer",
    "List": "list",
    "String": "string",
    "Url": "string",
}
COMPUTED = {"Function", "Method", "Nested", "Raw"}
SHORT_TYPES = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "object": {"type": "object", "additionalProperties": True},
    # Times of the server have no offset, so they are not date-times as defined by RFC 3339.
    "datetime": {"type": "string", "description": "ISO 8601, in UTC, without an offset."},
    # SQLite compares time filters with the stored text.
    "moment": {"type": "string", "description": "In UTC, with a space: 2026-01-02 03:04:05."},
    "link": {"type": "string", "format": "uri-reference"},
}


def parse_type(text, location, known):
    """Return the JSON schema for a type in the overlay's short notation."""
    text = text.strip()
    if text.endswith("?"):
        inner = parse_type(text[:-1], location, known)
        if "type" in inner and isinstance(inner["type"], str):
            return {**inner, "type": [inner["type"], "null"]}
        return {"anyOf": [*inner.get("anyOf", [inner]), {"type": "null"}]}
    if match := re.fullmatch(r"\[((?:[^\[\]]|\[[^\[\]]+\])+)\]", text):
        return {"type": "array", "items": parse_type(match[1], location, known)}
    if len(parts := re.split(r" \| (?![^\[]*\])", text)) > 1:
        # anyOf, not oneOf: a response may match several alternatives.
        return {"anyOf": [parse_type(part, location, known) for part in parts]}
    if text in SHORT_TYPES:
        return dict(SHORT_TYPES[text])
    if text not in known:
        location.raise_error(f"expected a type or a schema of the overlay, got {text!r}")
    return {"$ref": f"#/components/schemas/{text}"}


def is_computed(field):
    """Return whether the package computes the field in a method or class of its own."""
    # The package's own field classes have private names.
    kind = field["type"]
    inner = "items" in field and is_computed(field["items"])
    return kind in COMPUTED or kind.startswith("_") or inner


def declared_type(field):
    """Return the type that the package declares, in the short notation."""
    if is_computed(field):
        return None
    kind = FIELD_TYPES[field["type"]]
    if kind == "list":
        kind = f"[{declared_type(field['items'])}]"
    return kind + ("?" if field.get("nullable") else "")


def constraints(field):
    """Return the JSON schema keywords for a field's validators."""
    found = {}
    for fact, names in (
        ("length", ("minLength", "maxLength")),
        ("range", ("minimum", "maximum")),
    ):
        limits = field.get(fact, {})
        found |= {
            name: limits[key]
            for key, name in zip(("min", "max"), names, strict=True)
            if key in limits
        }
    if field["type"] == "Email":
        found["format"] = "email"
    if field["type"] == "Url":
        found["format"] = "uri"
    if "items" in field and (inner := constraints(field["items"])):
        found["items"] = inner
    return found


def is_untyped(schema):
    """Return whether a schema allows objects of any form, at any depth."""
    if isinstance(schema, list):
        return any(map(is_untyped, schema))
    if not isinstance(schema, dict):
        return False
    return schema.get("additionalProperties") is True or is_untyped(list(schema.values()))


class Schemas:
    """The component schemas of the contract."""

    def __init__(self, facts, overlay, errors):
        self.facts, self.enums = facts["schemas"], facts.get("enums", {})
        self.overlay = overlay["schemas"]
        self.unused = set(self.facts)
        self.built = {}
        for name in self.overlay:
            with errors:
                self.built[name] = self.component(name)
        with errors:
            self.check_unused(overlay["unused_schemas"])
        with errors:
            self.check_untyped(overlay["untyped"])

    def check_unused(self, unused):
        location = OverlayPath("overlay", "unused_schemas")
        for name in unused:
            if name not in self.unused:
                location.raise_error(f"expected an unused schema of the package, got {name}")
        if left := sorted(self.unused - set(unused)):
            OverlayPath("overlay", "schemas").raise_error(
                f"no entry for schemas of the package: {', '.join(left)}"
            )

    def check_untyped(self, reasons):
        location = OverlayPath("overlay", "untyped")
        found = {
            f"{name}.{key}"
            for name, schema in self.built.items()
            for key, field in schema.get("properties", {}).items()
            if is_untyped(field)
        }
        if new := sorted(found - set(reasons)):
            location.raise_error(f"no reason for objects of any form: {', '.join(new)}")
        if typed := sorted(set(reasons) - found):
            location.raise_error(f"typed, or missing: {', '.join(typed)}")

    def component(self, name):
        entry, location = self.overlay[name], OverlayPath("overlay", "schemas", name)
        head = {"description": entry["description"]}
        if "enum" in entry or "enum_of" in entry:
            return {"type": "string", "enum": self.enum(entry, location), **head}
        fields, required = self.fields(entry, location)
        for key, note in entry.get("notes", {}).items():
            if key not in fields:
                (location / "notes").raise_error(f"unknown field {key}")
            fields[key] = self.with_note(fields[key], note)
        schema = {"type": "object", **head, "properties": fields}
        if required := [key for key in fields if key in required]:
            schema["required"] = required
        if entry.get("closed") or "input" in entry:
            schema["additionalProperties"] = False
        return schema

    @staticmethod
    def with_note(schema, note):
        # OpenAPI 3.0 allows no siblings of $ref; 3.1 does, but not all tools support it.
        return (
            {"allOf": [schema], "description": note}
            if "$ref" in schema
            else {**schema, "description": note}
        )

    def enum(self, entry, location):
        if "enum" in entry:
            return entry["enum"]
        schema, _, field = entry["enum_of"].rpartition(".")
        try:
            return self.facts[schema]["fields"][field]["enum"] if schema else self.enums[field]
        except KeyError:
            return location.raise_error(f"the package has no enumeration {entry['enum_of']}")

    def fields(self, entry, location):
        """Return the properties of a component, and the names of the required ones."""
        fields, required = {}, set()
        for source in self.sources(entry, location):
            for key, fact in self.facts[source]["fields"].items():
                if key not in entry.get("without", []):
                    fields[key] = self.field(key, fact, entry, location)
                    # A response has all fields; a request needs only the required ones.
                    if "output" in entry or (fact.get("required") and not entry.get("partial")):
                        required.add(key)
            self.check_stale(entry, source, location)
            required |= set(entry.get("required", {}))
        for key, kind in (entry.get("fields", {}) | entry.get("added", {})).items():
            fields[key] = parse_type(kind, location / key, self.overlay)
            required.add(key)
        return dict(sorted(fields.items())), required - set(entry.get("optional", []))

    def sources(self, entry, location):
        """Return the package schema of a component; if there are several, they must be equal."""
        names = entry.get("output") or entry.get("input") or []
        names = [names] if isinstance(names, str) else names
        for name in names:
            if name not in self.facts:
                location.raise_error(f"the package has no schema {name}")
            if self.facts[name]["fields"] != self.facts[names[0]]["fields"]:
                location.raise_error(f"{name} and {names[0]} have different fields")
        self.unused -= set(names)
        return names[:1]

    def field(self, key, fact, entry, location):
        kind, location = declared_type(fact), location / key
        if key in (corrections := entry.get("corrections", {})):
            correction = corrections[key]
            if correction["was"] != kind:
                location.raise_error(
                    f"correction: expected {correction['was']!r} in the package, got {kind!r}"
                )
            return parse_type(correction["is"], location, self.overlay)
        if kind is None:
            if key in (computed := entry.get("computed", {})):
                return parse_type(computed[key], location, self.overlay)
            if fact["type"] == "Nested":
                return parse_type(self.nested(fact, location), location, self.overlay)
            location.raise_error("computed by the server. Add its type under computed")
        schema, limits = parse_type(kind, location, self.overlay), constraints(fact)
        if "items" in limits:
            limits["items"] = schema["items"] | limits["items"]
        return schema | limits

    def nested(self, fact, location):
        for name, entry in self.overlay.items():
            shows = fact["schema"] in (entry.get("output"), entry.get("input"))
            if shows and entry.get("without", []) == fact.get("exclude", []):
                return f"[{name}]" if fact["many"] else name
        return location.raise_error(
            f"no component for {fact['schema']} excluding {fact.get('exclude', [])}"
        )

    def check_stale(self, entry, source, location):
        known = self.facts[source]["fields"]
        for part in ("corrections", "computed", "without"):
            # A component without a field may share its table of types with one that has the field.
            for key in entry.get(part, []):
                if key not in known:
                    (location / part / key).raise_error(f"{source} has no such field")
        for key in entry.get("required", {}):
            asked = key in known and known[key].get("required") and not entry.get("partial")
            if key not in known or asked:
                (location / "required" / key).raise_error(
                    f"{source} has no such field, or already requires it"
                )
        for key in entry.get("computed", {}):
            if not is_computed(known[key]):
                (location / "computed" / key).raise_error(
                    f"{source} declares it as {declared_type(known[key])}"
                )
