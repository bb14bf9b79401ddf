"""Build an OpenAPI contract from the facts of one version of a service and the overlay.

    python build.py server=4.15.2            # facts/server/4.15.2.json -> server/4.15.2.json

The facts are what the package says of itself; the overlay adds names, our own texts and
corrections. Whatever one of them has and the other does not know is an error, with its place.
"""

import argparse
import json
import re
import sys
from http import HTTPStatus
from pathlib import Path

import yaml

from versions import at

HERE = Path(__file__).parent

# The JSON types of marshmallow's fields, in the short notation of the overlay.
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
    # The server's times carry no offset, so they are no date-time in the sense of RFC 3339.
    "datetime": {"type": "string", "description": "ISO 8601, in UTC, without an offset."},
    # Filters by time are compared with the text that SQLite has stored, where that is the database.
    "moment": {"type": "string", "description": "In UTC, with a space: 2026-01-02 03:04:05."},
    "link": {"type": "string", "format": "uri-reference"},
}


class ContractError(Exception):
    """A fact and the overlay disagree; the message says where."""


class Problems:
    """Gathers what is wrong, so that all of it can be mended at once."""

    def __init__(self):
        self.found = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, ContractError):
            self.found.append(str(error))
            return True
        return False

    def tell(self):
        """Raise everything that was gathered, if anything was."""
        if self.found:
            raise ContractError("\n".join(self.found))


class Place:
    """Where in the overlay we are, to say so in errors."""

    def __init__(self, *parts):
        self.parts = parts

    def __truediv__(self, part):
        return Place(*self.parts, part)

    def fail(self, problem):
        raise ContractError(f"{' / '.join(map(str, self.parts))}: {problem}")


def short_type(text, place, known):
    """Translate the overlay's short notation of a type to a JSON schema."""
    text = text.strip()
    if text.endswith("?"):
        inner = short_type(text[:-1], place, known)
        if "type" in inner and isinstance(inner["type"], str):
            return {**inner, "type": [inner["type"], "null"]}
        return {"anyOf": [inner, {"type": "null"}]}
    if match := re.fullmatch(r"\[([^\[\]]+)\]", text):
        return {"type": "array", "items": short_type(match[1], place, known)}
    if " | " in text:
        # Answers may suit several of the alternatives: one field more makes the difference.
        return {"anyOf": [short_type(part, place, known) for part in text.split(" | ")]}
    if text in SHORT_TYPES:
        return dict(SHORT_TYPES[text])
    if text not in known:
        place.fail(f"{text!r} is neither a type nor a schema of the overlay")
    return {"$ref": f"#/components/schemas/{text}"}


def is_computed(field):
    """Tell whether the package leaves the type of a field to code: to a method or a class."""
    # A field of a class of the package's own is named in its private way.
    kind = field["type"]
    inner = "items" in field and is_computed(field["items"])
    return kind in COMPUTED or kind.startswith("_") or inner


def fact_type(field):
    """Give the short notation of a field's type as the package declares it."""
    if is_computed(field):
        return None
    kind = FIELD_TYPES[field["type"]]
    if kind == "list":
        kind = f"[{fact_type(field['items'])}]"
    return kind + ("?" if field.get("nullable") else "")


def constraints(field):
    """Translate a field's validators to JSON schema."""
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


class Schemas:
    """The components of the contract."""

    def __init__(self, facts, overlay, problems):
        self.facts, self.enums = facts["schemas"], facts.get("enums", {})
        self.overlay = overlay["schemas"]
        self.unseen = set(self.facts)
        self.built = {}
        for name in self.overlay:
            with problems:
                self.built[name] = self.component(name)
        with problems:
            self.check_unused(overlay["unused_schemas"])

    def check_unused(self, unused):
        place = Place("overlay", "unused_schemas")
        for name in unused:
            if name not in self.unseen:
                place.fail(f"{name} is used, or no longer in the package")
        if left := sorted(self.unseen - set(unused)):
            Place("overlay", "schemas").fail(
                f"the package has schemas unknown here: {', '.join(left)}"
            )

    def component(self, name):
        entry, place = self.overlay[name], Place("overlay", "schemas", name)
        head = {"description": entry["description"]}
        if "enum" in entry or "enum_of" in entry:
            return {"type": "string", "enum": self.enum(entry, place), **head}
        fields, required = self.fields(entry, place)
        for key, note in entry.get("notes", {}).items():
            if key not in fields:
                (place / "notes").fail(f"there is no field {key}")
            fields[key] = self.with_note(fields[key], note)
        schema = {"type": "object", **head, "properties": fields}
        if required := [key for key in fields if key in required]:
            schema["required"] = required
        if entry.get("closed") or "input" in entry:
            schema["additionalProperties"] = False
        return schema

    @staticmethod
    def with_note(schema, note):
        # Beside $ref nothing may stand in 3.0; 3.1 allows it, but not every reader does.
        return (
            {"allOf": [schema], "description": note}
            if "$ref" in schema
            else {**schema, "description": note}
        )

    def enum(self, entry, place):
        if "enum" in entry:
            return entry["enum"]
        schema, _, field = entry["enum_of"].rpartition(".")
        try:
            return self.facts[schema]["fields"][field]["enum"] if schema else self.enums[field]
        except KeyError:
            return place.fail(f"the package has no values for {entry['enum_of']}")

    def fields(self, entry, place):
        """Give the properties of a component, and which of them are always there."""
        fields, required = {}, set()
        for source in self.sources(entry, place):
            for key, fact in self.facts[source]["fields"].items():
                if key not in entry.get("without", []):
                    fields[key] = self.field(key, fact, entry, place)
                    # An answer always has all its fields; a request only needs the required.
                    if "output" in entry or (fact.get("required") and not entry.get("partial")):
                        required.add(key)
            self.check_stale(entry, source, place)
            required |= set(entry.get("required", {}))
        for key, kind in (entry.get("fields", {}) | entry.get("added", {})).items():
            fields[key] = short_type(kind, place / key, self.overlay)
            required.add(key)
        return dict(sorted(fields.items())), required - set(entry.get("optional", []))

    def sources(self, entry, place):
        """Give the package's schemas behind a component; several must be alike."""
        names = entry.get("output") or entry.get("input") or []
        names = [names] if isinstance(names, str) else names
        for name in names:
            if name not in self.facts:
                place.fail(f"the package has no schema {name}")
            if self.facts[name]["fields"] != self.facts[names[0]]["fields"]:
                place.fail(f"{name} and {names[0]} have different fields")
        self.unseen -= set(names)
        return names[:1]

    def field(self, key, fact, entry, place):
        kind, place = fact_type(fact), place / key
        if key in (corrections := entry.get("corrections", {})):
            correction = corrections[key]
            if correction["was"] != kind:
                place.fail(f"corrected from {correction['was']!r}, but the package says {kind!r}")
            return short_type(correction["is"], place, self.overlay)
        if kind is None:
            if key in (computed := entry.get("computed", {})):
                return short_type(computed[key], place, self.overlay)
            if fact["type"] == "Nested":
                return short_type(self.nested(fact, place), place, self.overlay)
            place.fail("computed by the server: its type must stand under computed")
        schema, limits = short_type(kind, place, self.overlay), constraints(fact)
        if "items" in limits:
            limits["items"] = schema["items"] | limits["items"]
        return schema | limits

    def nested(self, fact, place):
        for name, entry in self.overlay.items():
            shows = fact["schema"] in (entry.get("output"), entry.get("input"))
            if shows and entry.get("without", []) == fact.get("exclude", []):
                return f"[{name}]" if fact["many"] else name
        return place.fail(f"no component for {fact['schema']} without {fact.get('exclude', [])}")

    def check_stale(self, entry, source, place):
        known = self.facts[source]["fields"]
        for part in ("corrections", "computed", "without"):
            # A component that leaves out a field may share its table of types with one that does not.
            for key in entry.get(part, []):
                if key not in known:
                    (place / part / key).fail(f"{source} has no such field")
        for key in entry.get("required", {}):
            asked = key in known and known[key].get("required") and not entry.get("partial")
            if key not in known or asked:
                (place / "required" / key).fail(
                    f"{source} has no such field, or requires it itself"
                )
        for key in entry.get("computed", {}):
            if not is_computed(known[key]):
                (place / "computed" / key).fail(f"{source} declares it as {fact_type(known[key])}")


class Operations:
    """The paths of the contract."""

    def __init__(self, facts, overlay, schemas, problems):
        self.overlay, self.schemas = overlay, schemas
        self.unused = {part: set(overlay[part]) for part in ("spellings", "parameters", "tags")}
        self.paths = {}
        with problems:
            self.check_known(facts["operations"])
        for fact in facts["operations"]:
            key = f"{fact['method']} {fact['path']}"
            if key in overlay["operations"]:
                path = self.paths.setdefault(fact["path"], {})
                with problems:
                    path[fact["method"].lower()] = self.operation(key, fact)
        for part, left in self.unused.items():
            with problems:
                if left:
                    Place("overlay", part).fail(f"nothing needs {', '.join(sorted(left))}")

    def check_known(self, facts):
        routes = {f"{fact['method']} {fact['path']}" for fact in facts}
        known = set(self.overlay["operations"]) | set(self.overlay["ignored"])
        problems = []
        if new := sorted(routes - known):
            problems.append(f"the server has routes unknown here: {', '.join(new)}")
        if gone := sorted(known - routes):
            problems.append(f"the server has no such routes: {', '.join(gone)}")
        if problems:
            Place("overlay", "operations").fail("; ".join(problems))

    def operation(self, key, fact):
        entry, place = self.overlay["operations"][key], Place("overlay", "operations", key)
        if not fact.get("documented"):
            place.fail("the package does not document it")
        self.unused["tags"].discard(entry["tag"])
        built = {
            "operationId": entry["id"],
            "tags": [entry["tag"]],
            "summary": entry["summary"],
        }
        if about := " ".join(filter(None, [self.audience(fact), entry.get("note")])):
            built["description"] = about
        if parameters := self.parameters(fact, entry, place):
            built["parameters"] = parameters
        if "body" in entry:
            built["requestBody"] = {
                "required": True,
                "content": self.content(entry["body"], place / "body"),
            }
        elif fact["documented"]["body"]:
            place.fail("the package documents a body, the overlay has none")
        built["responses"] = self.responses(fact, entry, place)
        # An empty list says that no token is needed; left out, the contract's default holds.
        if "security" in entry:
            built["security"] = [{scheme: [] for scheme in way} for way in entry["security"]]
        elif not self.secured(fact):
            built["security"] = []
        return built

    @staticmethod
    def secured(fact):
        return any(
            mark in decorator
            for decorator in fact["source"]["callers"]
            for mark in ("with_", "only_for", "jwt_required")
        )

    @staticmethod
    def audience(fact):
        """Say which kinds of callers the code lets in; others are told so by a failure."""
        guards = " ".join(fact["source"]["callers"])
        kinds = [
            name
            for kind, name in CALLERS.items()
            if re.search(rf"'{kind}'|with_(user_or_)?{kind}", guards)
        ]
        return f"Open to {' and '.join(kinds)}; others are answered 500." if kinds else ""

    # -- parameters --------------------------------------------------------------------------------
    def parameters(self, fact, entry, place):
        found = [
            {"name": name, "in": "path", "required": True, "schema": self.path_type(kind)}
            for name, kind in fact["path_parameters"].items()
        ]
        changes = entry.get("query", {})
        return found + [
            self.query_parameter(name, kind, required, changes.get(name, {}))
            for name, kind, required in self.query(fact, entry, place / "query")
        ]

    @staticmethod
    def path_type(converter):
        return {"type": "integer"} if converter == "IntegerConverter" else {"type": "string"}

    def query(self, fact, entry, place):
        """Merge the documented query parameters with the overlay's corrections."""
        documented = {name: spec["type"] for name, spec in fact["documented"]["query"].items()}
        changes = entry.get("query", {})
        for name, raw in sorted(documented.items()):
            kind = self.spelling(raw)
            if name in changes:
                change = changes[name]
                if "was" not in change or change["was"] != kind:
                    (place / name).fail(
                        f"changed from {change.get('was')!r}, but the package says {kind!r}"
                    )
                kind = change["is"]
            if kind is not None:
                yield name, kind, False
        for name, change in sorted(changes.items()):
            if name not in documented:
                if "was" in change:
                    (place / name).fail("changed, but the package does not document it")
                yield name, change["is"], change.get("required", False)
        read = set(fact["source"]["arguments"])
        if unknown := sorted(read - set(documented) - set(changes)):
            place.fail(f"the code reads arguments unknown here: {', '.join(unknown)}")

    def spelling(self, raw):
        self.unused["spellings"].discard(raw)
        return self.overlay["spellings"].get(raw, raw)

    def query_parameter(self, name, kind, required, change):
        place = Place("overlay", "parameters", name)
        if name not in self.overlay["parameters"]:
            place.fail("a parameter without a description")
        self.unused["parameters"].discard(name)
        about = self.overlay["parameters"][name]
        if "is" in about:
            if kind != about["was"]:
                place.fail(f"corrected from {about['was']!r}, but the package says {kind!r}")
            kind = about["is"]
        schema = short_type(kind, place, self.schemas.overlay)
        schema |= {key: about[key] for key in ("minimum",) if key in about}
        return {
            "name": name,
            "in": "query",
            "required": required,
            "description": change.get("description", about["description"]),
            "schema": schema,
        }

    # -- bodies and answers ------------------------------------------------------------------------
    def content(self, kind, place):
        if kind == "binary":
            return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        if match := re.fullmatch(r"Page\[(\w+)\]", kind):
            kind = self.page(match[1], place)
        return {"application/json": {"schema": short_type(kind, place, self.schemas.built)}}

    def page(self, row, place):
        """Make the component of one page of a listing."""
        if row not in self.schemas.built:
            place.fail(f"there is no schema {row}")
        name = f"{row}Page"
        self.schemas.built[name] = {
            "type": "object",
            "description": f"One page of a listing: {self.schemas.built[row]['description'].lower()}",
            "properties": {
                "data": {"type": "array", "items": {"$ref": f"#/components/schemas/{row}"}},
                "links": {"$ref": "#/components/schemas/PageLinks"},
            },
            "required": ["data", "links"],
        }
        return name

    def responses(self, fact, entry, place):
        successes = {code: kind for code, kind in entry.items() if isinstance(code, int)}
        told = set(fact["documented"]["statuses"]) | set(fact["source"]["statuses"])
        for code in successes:
            # A handler that leaves the status to a helper shows none; then ours is not checked here.
            if code not in told and any(status < 300 for status in fact["source"]["statuses"]):
                place.fail(f"neither documentation nor code of the package answers {code}")
        failures = self.failures(told, fact, entry, place)
        answers = {}
        for code in sorted(set(successes) | set(failures)):
            answers[str(code)] = {
                "description": failures.get(code, HTTPStatus(code).phrase),
                "content": self.content(successes.get(code, "Error"), place / code),
            }
            if "Page[" in successes.get(code, ""):
                answers[str(code)]["headers"] = PAGE_HEADERS
        return answers

    def failures(self, told, fact, entry, place):
        """Give the failures: what the package tells, corrected, and what the framework answers."""
        failures = {code: HTTPStatus(code).phrase for code in sorted(told) if code >= 400}
        failures |= self.always(fact, entry)
        for code in entry.get("also", {}):
            if code in failures:
                (place / "also").fail(f"{code} is told by the package already")
            failures[code] = HTTPStatus(code).phrase
        for code in entry.get("never", {}):
            if code not in failures:
                (place / "never").fail(f"{code} is not answered anyway")
            del failures[code]
        return failures

    def always(self, fact, entry):
        """Give the failures that the framework answers with, before or around the handler."""
        always = dict(self.overlay["always"]["all"])
        if self.secured(fact):
            always |= self.overlay["always"]["secured"]
        # Behind handle_exceptions the framework's errors come out as 500.
        takes_json = entry.get("body", "binary") != "binary"
        if takes_json and "handle_exceptions" not in fact["source"]["callers"]:
            always |= self.overlay["always"]["json"]
        return always


# The kinds of callers, as the guards of the package name them.
CALLERS = {"user": "users", "node": "nodes", "container": "algorithms"}

PAGE_HEADERS = {
    "total-count": {
        "description": "How many rows there are on all pages.",
        "required": True,
        "schema": {"type": "integer"},
    },
    "link": {
        "description": "The links of the body once more.",
        "schema": {"type": "string"},
    },
}


def security_schemes(security):
    """Give the ways of saying who one is, all of which an operation needs unless it says otherwise."""
    schemes = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": security["description"],
        }
    }
    if header := security.get("header"):
        schemes["server"] = {"type": "apiKey", "in": "header", **header}
    return schemes


def build(facts, overlay):
    """Give the contract as a dictionary."""
    schemes = security_schemes(overlay["security"])
    problems = Problems()
    schemas = Schemas(facts, overlay, problems)
    paths = Operations(facts, overlay, schemas, problems).paths
    with problems:
        check_referenced(paths, schemas, overlay["shared"])
    problems.tell()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": overlay["title"],
            "version": facts["version"],
            "description": overlay["description"],
        },
        "servers": [{"url": "/api"}],
        "tags": [{"name": name, "description": text} for name, text in overlay["tags"].items()],
        "security": [{scheme: [] for scheme in schemes}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.built.items())),
            "securitySchemes": schemes,
        },
    }


def check_referenced(paths, schemas, shared):
    """Leave out shared schemas that this service does not need; one of its own is an error."""
    needed, waiting = set(), [paths]
    while waiting:
        found = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(waiting.pop())))
        waiting += [schemas.built.get(name, {}) for name in found - needed]
        needed |= found
    for name in set(schemas.built) - needed:
        if name not in shared:
            Place("overlay", "schemas", name).fail("no operation needs it")
        del schemas.built[name]


def load_overlay(service, version):
    """Give the overlay of a service at a version, merged into what the services have in common."""
    common, own = (
        yaml.safe_load((HERE / "overlay" / f"{name}.yaml").read_text())
        for name in ("common", service)
    )
    merged = own | {part: entries | own.get(part, {}) for part, entries in common.items()}
    return at(merged, version) | {"shared": set(common["schemas"])}


def write(service, version, is_check):
    """Write the contract of one version, or check that it stands as it would be written."""
    facts = json.loads((HERE / "facts" / service / f"{version}.json").read_text())
    contract = build(facts, load_overlay(service, version))
    target = HERE / service / f"{version}.json"
    text = json.dumps(contract, indent=2, ensure_ascii=False) + "\n"
    if not is_check:
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    elif not target.exists() or target.read_text() != text:
        raise ContractError(f"openapi/{service}/{version}.json is not what its sources give")
    count = sum(len(path) for path in contract["paths"].values())
    schemas = len(contract["components"]["schemas"])
    print(f"openapi/{service}/{version}.json: {count} operations, {schemas} schemas")


def main():
    """Write or check the contracts; what is wrong with any of them is told at once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contracts", nargs="+", metavar="SERVICE=VERSION")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    options = parser.parse_args()
    wrong = []
    for item in options.contracts:
        try:
            write(*item.split("="), options.check)
        except ContractError as error:
            wrong.append(f"No contract of {item}:\n{error}")
    if wrong:
        sys.exit("\n\n".join(wrong))


if __name__ == "__main__":
    main()
