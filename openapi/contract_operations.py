"""Operations of a contract, from the facts of a package and the overlay."""

import re
from http import HTTPStatus

from contract_errors import OverlayPath
from contract_schemas import parse_type

# Kinds of callers, as named in the guards of the package.
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


class Operations:
    """The paths of the contract."""

    def __init__(self, facts, overlay, schemas, errors):
        self.overlay, self.schemas = overlay, schemas
        self.unused = {part: set(overlay[part]) for part in ("spellings", "parameters", "tags")}
        self.paths = {}
        with errors:
            self.check_known(facts["operations"])
        for fact in facts["operations"]:
            key = f"{fact['method']} {fact['path']}"
            if key in overlay["operations"]:
                path = self.paths.setdefault(fact["path"], {})
                with errors:
                    path[fact["method"].lower()] = self.operation(key, fact)
        for part, left in self.unused.items():
            with errors:
                if left:
                    OverlayPath("overlay", part).raise_error(
                        f"unused entries: {', '.join(sorted(left))}"
                    )

    def check_known(self, facts):
        routes = {f"{fact['method']} {fact['path']}" for fact in facts}
        known = set(self.overlay["operations"]) | set(self.overlay["ignored"])
        errors = []
        if new := sorted(routes - known):
            errors.append(f"no entry for routes of the server: {', '.join(new)}")
        if gone := sorted(known - routes):
            errors.append(f"routes missing in the server: {', '.join(gone)}")
        if errors:
            OverlayPath("overlay", "operations").raise_error("; ".join(errors))

    def operation(self, key, fact):
        entry, location = self.overlay["operations"][key], OverlayPath("overlay", "operations", key)
        if not fact.get("documented"):
            location.raise_error("not documented by the package")
        self.unused["tags"].discard(entry["tag"])
        built = {
            "operationId": entry["id"],
            "tags": [entry["tag"]],
            "summary": entry["summary"],
        }
        if about := " ".join(filter(None, [self.callers_description(fact), entry.get("note")])):
            built["description"] = about
        if parameters := self.parameters(fact, entry, location):
            built["parameters"] = parameters
        if "body" in entry:
            built["requestBody"] = {
                "required": True,
                "content": self.content(entry["body"], location / "body"),
            }
        elif fact["documented"]["body"]:
            location.raise_error("expected a body in the overlay, as documented by the package")
        built["responses"] = self.responses(fact, entry, location)
        # An empty list means that no token is needed; without the key, the default applies.
        if "security" in entry:
            built["security"] = [
                {scheme: [] for scheme in combination} for combination in entry["security"]
            ]
        elif not self.requires_token(fact):
            built["security"] = []
        elif self.serves_algorithms(fact):
            built["security"] = [{"token": []}, {"container": []}]
        return built

    @staticmethod
    def requires_token(fact):
        return any(
            mark in decorator
            for decorator in fact["source"]["callers"]
            for mark in ("with_", "only_for", "jwt_required")
        )

    def serves_algorithms(self, fact):
        """Return whether an algorithm may call the operation, with a token of its own scheme."""
        return "container" in self.overlay["security"] and "algorithms" in self.callers(fact)

    @staticmethod
    def callers(fact):
        """Return the kinds of callers that the code accepts."""
        guards = " ".join(fact["source"]["callers"])
        return [
            name
            for kind, name in CALLERS.items()
            if re.search(rf"'{kind}'|with_(user_or_)?{kind}", guards)
        ]

    def hides_token_errors(self, fact):
        """Return whether a token that is not accepted is an unexpected error, with status 500."""
        caught = fact["source"]["callers"][:1] == ["handle_exceptions"]
        return "hidden" in self.overlay["always"] and (caught or self.serves_algorithms(fact))

    def callers_description(self, fact):
        """Return which kinds of callers the code accepts, and the status that others get."""
        kinds = self.callers(fact)
        caught = self.hides_token_errors(fact) and not self.serves_algorithms(fact)
        status = 401 if caught else 500
        return f"Open to {' and '.join(kinds)}; others are answered {status}." if kinds else ""

    # -- parameters --------------------------------------------------------------------------------
    def parameters(self, fact, entry, location):
        found = [
            {"name": name, "in": "path", "required": True, "schema": self.path_type(kind)}
            for name, kind in fact["path_parameters"].items()
        ]
        changes = entry.get("query", {})
        return found + [
            self.query_parameter(name, kind, required, changes.get(name, {}))
            for name, kind, required in self.query(fact, entry, location / "query")
        ]

    @staticmethod
    def path_type(converter):
        return {"type": "integer"} if converter == "IntegerConverter" else {"type": "string"}

    def query(self, fact, entry, location):
        """Yield the documented query parameters, with the overlay's corrections."""
        documented = {name: spec["type"] for name, spec in fact["documented"]["query"].items()}
        changes = entry.get("query", {})
        for name, raw in sorted(documented.items()):
            kind = self.correct_spelling(raw)
            if name in changes:
                change = changes[name]
                if "was" not in change or change["was"] != kind:
                    (location / name).raise_error(
                        f"change: expected {change.get('was')!r} in the package, got {kind!r}"
                    )
                kind = change["is"]
            if kind is not None:
                yield name, kind, False
        for name, change in sorted(changes.items()):
            if name not in documented:
                if "was" in change:
                    (location / name).raise_error(
                        "change of a parameter that the package does not document"
                    )
                yield name, change["is"], change.get("required", False)
        read = set(fact["source"]["arguments"])
        if unknown := sorted(read - set(documented) - set(changes)):
            location.raise_error(
                f"no entry for arguments that the code reads: {', '.join(unknown)}"
            )

    def correct_spelling(self, raw):
        self.unused["spellings"].discard(raw)
        return self.overlay["spellings"].get(raw, raw)

    def query_parameter(self, name, kind, required, change):
        location = OverlayPath("overlay", "parameters", name)
        if name not in self.overlay["parameters"]:
            location.raise_error("parameter without a description")
        self.unused["parameters"].discard(name)
        about = self.overlay["parameters"][name]
        if "is" in about:
            if kind != about["was"]:
                location.raise_error(
                    f"correction: expected {about['was']!r} in the package, got {kind!r}"
                )
            kind = about["is"]
        schema = parse_type(kind, location, self.schemas.overlay)
        schema |= {key: about[key] for key in ("minimum",) if key in about}
        return {
            "name": name,
            "in": "query",
            "required": required,
            "description": change.get("description", about["description"]),
            "schema": schema,
        }

    # -- bodies and responses ----------------------------------------------------------------------
    def content(self, kind, location):
        if kind == "binary":
            return {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        if match := re.fullmatch(r"Page\[(\w+)\]", kind):
            kind = self.page(match[1], location)
        return {"application/json": {"schema": parse_type(kind, location, self.schemas.built)}}

    def page(self, row, location):
        """Add the component for a page of rows, and return its name."""
        if row not in self.schemas.built:
            location.raise_error(f"unknown schema {row}")
        name = f"{row}Page"
        description = self.schemas.built[row]["description"]
        self.schemas.built[name] = {
            "type": "object",
            "description": f"One page of a listing: {description[0].lower()}{description[1:]}",
            "properties": {
                "data": {"type": "array", "items": {"$ref": f"#/components/schemas/{row}"}},
                "links": {"$ref": "#/components/schemas/PageLinks"},
            },
            "required": ["data", "links"],
        }
        return name

    def responses(self, fact, entry, location):
        successes = {code: kind for code, kind in entry.items() if isinstance(code, int)}
        known_statuses = set(fact["documented"]["statuses"]) | set(fact["source"]["statuses"])
        for code in successes:
            # A handler whose helper sets the status has none in its source: skip the check.
            if code not in known_statuses and any(
                status < 300 for status in fact["source"]["statuses"]
            ):
                location.raise_error(
                    f"status {code} is in neither documentation nor code of the package"
                )
        error_responses = self.error_responses(known_statuses, fact, entry, location)
        responses = {}
        for code in sorted(set(successes) | set(error_responses)):
            responses[str(code)] = {
                "description": error_responses.get(code, HTTPStatus(code).phrase),
                "content": self.content(successes.get(code, "Error"), location / code),
            }
            if "Page[" in successes.get(code, ""):
                responses[str(code)]["headers"] = PAGE_HEADERS
        return responses

    def error_responses(self, known_statuses, fact, entry, location):
        """Return the error responses of the package, corrected, and of the framework."""
        error_responses = {
            code: HTTPStatus(code).phrase for code in sorted(known_statuses) if code >= 400
        }
        error_responses |= self.framework_errors(fact, entry)
        for code in entry.get("also", {}):
            if code in error_responses:
                (location / "also").raise_error(f"the package already has status {code}")
            error_responses[code] = HTTPStatus(code).phrase
        for code in entry.get("never", {}):
            if code not in error_responses:
                (location / "never").raise_error(f"the package does not have status {code}")
            del error_responses[code]
        return error_responses

    def framework_errors(self, fact, entry):
        """Return the error responses of the framework."""
        framework_errors = dict(self.overlay["always"]["all"])
        if self.hides_token_errors(fact):
            framework_errors |= self.overlay["always"]["hidden"]
        elif self.requires_token(fact):
            framework_errors |= self.overlay["always"]["secured"]
        # handle_exceptions turns errors of the framework into status 500.
        takes_json = entry.get("body", "binary") != "binary"
        if takes_json and "handle_exceptions" not in fact["source"]["callers"]:
            framework_errors |= self.overlay["always"]["json"]
        return framework_errors
