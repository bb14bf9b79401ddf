"""List the changes between two versions of a contract, and whether they break clients.

    python diff.py 4.14.0 4.15.2        # print the changes of both services
    python diff.py 4.15.2 5.0.3         # from the server to HQ, and from store to store
    python diff.py --page               # write docs/versions.md and docs/from-4-to-5.md
    python diff.py --page --check       # fail if one of these pages would change

A change is breaking if a client for the older version may fail with the newer version: it sends
something that is rejected, or reads something that is missing. All other changes are additive.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

from versions import parse_version

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
# By major version, the services; each takes the place of the one before it in the same position.
SERVICES = {4: ("server", "store"), 5: ("hq", "hq_store")}
TITLES = {"hq": "HQ", "hq_store": "Store of version 5"}
CLIENT = """\
## How the client handles versions

`vantage6.client` is written for the newest version, and supports all versions on this page. It
requests the version of a server or store only if it matters, and caches it.

- An operation that the version lacks raises `UnsupportedServerVersionError`, which names the
  version of the service and the first version with the operation.
- So does a parameter, or a field of a body, that was added later. Nothing is sent in that case,
  because some services ignore unknown fields. A value that only later versions accept, such as null
  in `ArgumentInput`, is sent and rejected with the name of the field.
- Earlier forms of a feature are supported: before 4.11, the status of a task is read from the task;
  before 4.8, the `server_url` of a task is a query parameter, and the API path is appended to the
  address of a store; before 4.13, blob storage is not used.
- Rows have the fields of the version. Fields that were added later are missing.
- Some behavior differs between versions. Before 4.8, a node that was never online matches neither
  value of the filter for online nodes, and a killed task has the status `failed`, while its runs
  have the reason. Since 4.14, a failed run ends the runs of its task that have not started, as
  `failed`. Stores from 4.9 to 4.10 fail if the functions of an algorithm are changed.
"""

SENT, RECEIVED = "request", "response"


class Change(NamedTuple):
    """A difference between two contracts."""

    subject: str
    description: str
    breaking: bool

    def __str__(self):
        return f"{'breaking' if self.breaking else 'additive'}  {self.subject}: {self.description}"


# -- reading contracts -----------------------------------------------------------------------------
def operations(contract):
    """Return the path and the description of each operation, by name."""
    return {
        operation["operationId"]: (f"{method.upper()} {path}", operation)
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }


def schema_directions(contract):
    """Return for each schema whether clients send it, receive it, or both."""
    schemas = contract["components"]["schemas"]
    found = {}
    for _, operation in operations(contract).values():
        for direction, part in ((SENT, "requestBody"), (RECEIVED, "responses")):
            pending = [operation.get(part, {})]
            while pending:
                for name in re.findall(r"schemas/(\w+)", json.dumps(pending.pop())):
                    if direction not in found.setdefault(name, set()):
                        found[name].add(direction)
                        pending.append(schemas[name])
    return found


def type_alternatives(schema):
    """Return the alternatives of a type, without descriptions and limits."""
    if "$ref" in schema:
        return {schema["$ref"].rsplit("/", 1)[-1]}
    if "allOf" in schema:
        return type_alternatives(schema["allOf"][0])
    if "anyOf" in schema:
        return set().union(*(type_alternatives(part) for part in schema["anyOf"]))
    kinds = schema.get("type", "anything")
    kinds = set(kinds) if isinstance(kinds, list) else {kinds}
    if "array" in kinds:
        kinds = kinds - {"array"} | {f"[{format_type(type_alternatives(schema['items']))}]"}
    return kinds


def format_type(kinds):
    """Format the alternatives of a type."""
    return " | ".join(sorted(kinds, key=lambda kind: (kind == "null", kind)))


# -- comparing -------------------------------------------------------------------------------------
def changes(old, new):
    """Yield all changes between two contracts."""
    before, after = operations(old), operations(new)
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Change(f"operation {name}", f"removed ({before[name][0]})", breaking=True)
        elif name not in before:
            yield Change(f"operation {name}", f"added ({after[name][0]})", breaking=False)
        else:
            yield from operation_changes(name, before[name], after[name])
    yield from schema_changes(old, new)
    yield from error_changes(before, after)


def operation_changes(name, before, after):
    """Yield the changes of one operation."""
    (old_place, old), (new_place, new) = before, after
    # Names of path parameters are not sent.
    if re.sub(r"{\w+}", "{}", old_place) != re.sub(r"{\w+}", "{}", new_place):
        yield Change(f"operation {name}", f"moved from {old_place} to {new_place}", breaking=True)
    yield from parameter_changes(name, query_parameters(old), query_parameters(new))
    yield from body_changes(f"{name} request", SENT, body_types(old), body_types(new))
    yield from body_changes(f"{name} response", RECEIVED, success_types(old), success_types(new))


def query_parameters(operation):
    """Return the query parameters of an operation by name."""
    return {item["name"]: item for item in operation.get("parameters", []) if item["in"] == "query"}


def body_types(operation):
    """Return the types of the request body by media type."""
    content = operation.get("requestBody", {}).get("content", {})
    return {kind: type_alternatives(media["schema"]) for kind, media in content.items()}


def success_types(operation):
    """Return the types of the successful responses by status."""
    responses = {code: item for code, item in operation["responses"].items() if code < "3"}
    return {
        code: type_alternatives(first_value(item["content"])["schema"])
        for code, item in responses.items()
    }


def first_value(content):
    """Return the first value of a mapping."""
    return next(iter(content.values()))


def parameter_changes(name, old, new):
    """Yield the changes of an operation's query parameters."""
    for key in sorted(old.keys() | new.keys()):
        subject = f"{name} parameter {key}"
        if key not in new:
            yield Change(subject, "removed", breaking=True)
        elif key not in old:
            need = " and required" if new[key]["required"] else ""
            yield Change(subject, f"added{need}", breaking=new[key]["required"])
        else:
            if new[key]["required"] and not old[key]["required"]:
                yield Change(subject, "now required", breaking=True)
            yield from type_changes(subject, {SENT}, old[key]["schema"], new[key]["schema"])


def body_changes(subject, direction, old, new):
    """Yield the changes of a body's type, by media type or status."""
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key, set()), new.get(key, set())
        if before != after:
            breaking = is_breaking({direction}, before, after)
            yield Change(
                subject, f"{key} from {format_type(before)} to {format_type(after)}", breaking
            )


def schema_changes(old, new):
    """Yield the changes of the fields of all schemas in both contracts."""
    before, after = old["components"]["schemas"], new["components"]["schemas"]
    directions = schema_directions(new)
    for name in sorted(before.keys() & after.keys()):
        yield from enum_changes(name, directions.get(name, set()), before[name], after[name])
        old_fields, new_fields = (part[name].get("properties", {}) for part in (before, after))
        for key in sorted(old_fields.keys() | new_fields.keys()):
            subject = f"{name}.{key}"
            needed = key in after[name].get("required", [])
            if key not in new_fields:
                yield Change(subject, "removed", breaking=True)
            elif key not in old_fields:
                breaking = needed and SENT in directions.get(name, set())
                yield Change(subject, "added and required" if breaking else "added", breaking)
            else:
                was_needed = key in before[name].get("required", [])
                if needed != was_needed:
                    yield requirement_change(subject, directions.get(name, set()), needed)
                fields = (old_fields[key], new_fields[key])
                yield from type_changes(subject, directions.get(name, set()), *fields)


def error_changes(before, after):
    """Yield the changes of the statuses of errors, each with the operations concerned."""
    found = defaultdict(list)
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name][1]["responses"], after[name][1]["responses"]
        for status in old.keys() ^ new.keys():
            if status >= "4":
                found[status, "added to" if status in new else "removed from"].append(name)
    for (status, verb), names in sorted(found.items()):
        yield Change(f"error {status}", f"{verb} {', '.join(names)}", breaking="added" in verb)


def requirement_change(subject, directions, needed):
    """Return the change of a field to required or optional."""
    if needed:
        return Change(subject, "now required", breaking=SENT in directions)
    return Change(subject, "now optional", breaking=RECEIVED in directions)


def enum_changes(name, directions, old, new):
    """Yield the changes of an enumeration's values."""
    for value in sorted(set(old.get("enum", [])) - set(new.get("enum", []))):
        yield Change(f"{name} value {value!r}", "removed", breaking=SENT in directions)
    for value in sorted(set(new.get("enum", [])) - set(old.get("enum", []))):
        yield Change(f"{name} value {value!r}", "added", breaking=RECEIVED in directions)


def type_changes(subject, directions, old, new):
    """Yield the change of a type, if there is one."""
    before, after = type_alternatives(old), type_alternatives(new)
    if before != after:
        description = f"changed from {format_type(before)} to {format_type(after)}"
        yield Change(subject, description, is_breaking(directions, before, after))


def is_breaking(directions, before, after):
    """Return whether clients break: fewer alternatives to send, or more to receive."""
    return bool(
        (SENT in directions and before - after) or (RECEIVED in directions and after - before)
    )


# -- reports ---------------------------------------------------------------------------------------
def load_contract(service, version):
    """Load a contract."""
    path = HERE / service / f"{version}.json"
    if not path.exists():
        known = ", ".join(versions(service))
        sys.exit(f"contract of the {service}: expected one of {known}, got {version}.")
    return json.loads(path.read_text())


def versions(service):
    """Return the versions with a contract, oldest first."""
    return sorted((file.stem for file in (HERE / service).glob("*.json")), key=parse_version)


def report(old, new):
    """Return the changes between two versions as text."""
    lines = []
    for before, after in zip(services(old), services(new), strict=True):
        found = list(changes(load_contract(before, old), load_contract(after, new)))
        other = f"{after} " if after != before else ""
        title = f"{before} {old} to {other}{new}"
        lines += [f"{title}: {summary(found)}", *(f"  {item}" for item in found)]
    return "\n".join(lines)


def services(version):
    """Return the services of a version."""
    major = parse_version(version)[0]
    if major not in SERVICES:
        sys.exit(f"expected a version from {min(SERVICES)} to {max(SERVICES)}, got {version}.")
    return SERVICES[major]


def summary(found):
    """Return the number of changes as text."""
    breaking = sum(change.breaking for change in found)
    return f"{len(found) - breaking} additive, {breaking} breaking" if found else "no change"


def render_page():
    """Return the documentation page: each version compared to the one before."""
    lines = [
        "# Changes between versions",
        "",
        "Generated from the contracts by `nox -s contract-diff -- --page`; do not edit. *Breaking*",
        "means that a client for the older version may fail with the newer one: it sends something",
        "that is rejected, or reads something that is missing.",
        "",
        *CLIENT.splitlines(),
    ]
    for service in chain.from_iterable(SERVICES.values()):
        known, title = versions(service), TITLES.get(service, service.capitalize())
        lines += ["", f"## {title}", ""]
        lines += ["| from | to | operations | additive | breaking |", "|---|---|---|---|---|"]
        steps = [
            (old, new, list(changes(load_contract(service, old), load_contract(service, new))))
            for old, new in pairwise(known)
        ]
        for old, new, found in steps:
            count, breaking = (
                len(operations(load_contract(service, new))),
                sum(c.breaking for c in found),
            )
            lines.append(f"| {old} | {new} | {count} | {len(found) - breaking} | {breaking} |")
        for old, new, found in reversed(steps):
            if found:
                lines += ["", f"### {title} {old} to {new}", ""]
                lines += ["| subject | change | |", "|---|---|---|", *map(table_row, found)]
    return "\n".join(lines) + "\n"


def table_row(change):
    """Format a change as a table row."""
    kind = "**breaking**" if change.breaking else "additive"
    return f"| `{change.subject}` | {change.description} | {kind} |".replace(" | null", " or null")


def main():
    """Print the changes, or write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="older and newer version")
    parser.add_argument("--page", action="store_true", help="write the pages of docs/")
    parser.add_argument(
        "--check", action="store_true", help="with --page: fail if a page would change"
    )
    options = parser.parse_args()
    if options.page:
        # Only the page needs a library, for YAML.
        from moving import render_moving_page

        pages = {"versions.md": render_page(), "from-4-to-5.md": render_moving_page()}
        for name, text in pages.items():
            page = DOCS / name
            if not options.check:
                page.write_text(text)
            elif not page.exists() or page.read_text() != text:
                sys.exit(f"docs/{name} is outdated. Run: nox -s contract-diff -- --page")
    elif len(options.versions) == 2:
        print(report(*options.versions))
    else:
        parser.error("expected two versions, the older first, such as 4.14.0 4.15.2")


if __name__ == "__main__":
    main()
