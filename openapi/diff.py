"""Tell what changed between two versions of a contract, and whether it breaks a client.

    python diff.py 4.14.0 4.15.2        # both services, on the terminal
    python diff.py --page               # docs/versions.md: every version there is, one after another
    python diff.py --page --check       # fails when that page would change

A change is breaking when a client made for the older version may fail at the newer one: something
that it sends is refused, or something that it reads is not there. Everything else is additive.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

from versions import parsed

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "versions.md"
SERVICES = ("server", "store")
CLIENT = """\
## How the client handles versions

`vantage6.client` is made for the newest version and supports all versions listed here. It requests
the version of a server or store only where it matters, and only once.

- An operation that the service does not have yet raises `UnsupportedServerVersionError`, which
  names the service's version and the first version that has the operation.
- So does a parameter or a body field that was added later. In this case nothing is sent, because
  some services silently ignore what they do not know. A value that only later versions accept, such
  as null in `ArgumentInput`, is sent, and refused with the field's name.
- If an older version has a feature in another form, the client uses that form: before 4.11, the
  status of a task is read from the task; before 4.8, the `server_url` of a task is a query
  parameter, and the path of a store's API is appended to its address; before 4.13, nothing is in
  blob storage.
- Rows have the fields that the version returns: fields that were added later are missing.
- Some versions behave differently: before 4.8, a node that was never online is counted neither as
  online nor as offline, and a killed task has the status `failed`, while its runs show the reason;
  from 4.14 on, a run that fails ends those runs of its task that have not started, with the status
  `failed`; stores from 4.9 to 4.10 fail when an algorithm's functions are replaced.
"""

SENT, RECEIVED = "request", "response"


class Change(NamedTuple):
    """One difference: what it is about, what happened to it, and whether that breaks clients."""

    subject: str
    happened: str
    breaking: bool

    def __str__(self):
        return f"{'breaking' if self.breaking else 'additive'}  {self.subject}: {self.happened}"


# -- what is compared ------------------------------------------------------------------------------
def operations(contract):
    """Map each operation's name to its place and its description."""
    return {
        operation["operationId"]: (f"{method.upper()} {path}", operation)
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
    }


def directions(contract):
    """Tell of each schema whether clients send it, receive it, or both."""
    schemas = contract["components"]["schemas"]
    found = {}
    for _, operation in operations(contract).values():
        for direction, part in ((SENT, "requestBody"), (RECEIVED, "responses")):
            waiting = [operation.get(part, {})]
            while waiting:
                for name in re.findall(r"schemas/(\w+)", json.dumps(waiting.pop())):
                    if direction not in found.setdefault(name, set()):
                        found[name].add(direction)
                        waiting.append(schemas[name])
    return found


def shape(schema):
    """Write a type in the short notation, without descriptions and limits."""
    if "$ref" in schema:
        return {schema["$ref"].rsplit("/", 1)[-1]}
    if "allOf" in schema:
        return shape(schema["allOf"][0])
    if "anyOf" in schema:
        return set().union(*(shape(part) for part in schema["anyOf"]))
    kinds = schema.get("type", "anything")
    kinds = set(kinds) if isinstance(kinds, list) else {kinds}
    if "array" in kinds:
        kinds = kinds - {"array"} | {f"[{told(shape(schema['items']))}]"}
    return kinds


def told(kinds):
    """Write a set of alternatives."""
    return " | ".join(sorted(kinds, key=lambda kind: (kind == "null", kind)))


# -- comparing -------------------------------------------------------------------------------------
def changes(old, new):
    """Yield all changes from one contract to another."""
    before, after = operations(old), operations(new)
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield Change(f"operation {name}", f"removed ({before[name][0]})", breaking=True)
        elif name not in before:
            yield Change(f"operation {name}", f"added ({after[name][0]})", breaking=False)
        else:
            yield from operation_changes(name, before[name], after[name])
    yield from schema_changes(old, new)


def operation_changes(name, before, after):
    """Yield the changes of one operation that is in both."""
    (old_place, old), (new_place, new) = before, after
    # The name of a parameter in the path means nothing on the wire.
    if re.sub(r"{\w+}", "{}", old_place) != re.sub(r"{\w+}", "{}", new_place):
        yield Change(f"operation {name}", f"moved from {old_place} to {new_place}", breaking=True)
    yield from parameter_changes(name, query(old), query(new))
    yield from body_changes(f"{name} request", SENT, body(old), body(new))
    yield from body_changes(f"{name} response", RECEIVED, success(old), success(new))


def query(operation):
    return {item["name"]: item for item in operation.get("parameters", []) if item["in"] == "query"}


def body(operation):
    content = operation.get("requestBody", {}).get("content", {})
    return {kind: shape(media["schema"]) for kind, media in content.items()}


def success(operation):
    answers = {code: item for code, item in operation["responses"].items() if code < "3"}
    return {code: shape(one(item["content"])["schema"]) for code, item in answers.items()}


def one(content):
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
            breaking = breaks({direction}, before, after)
            yield Change(subject, f"{key} from {told(before)} to {told(after)}", breaking)


def schema_changes(old, new):
    """Yield the changes of the fields of all schemas that are in both."""
    before, after = old["components"]["schemas"], new["components"]["schemas"]
    way = directions(new)
    for name in sorted(before.keys() & after.keys()):
        yield from enum_changes(name, way.get(name, set()), before[name], after[name])
        old_fields, new_fields = (part[name].get("properties", {}) for part in (before, after))
        for key in sorted(old_fields.keys() | new_fields.keys()):
            subject = f"{name}.{key}"
            needed = key in after[name].get("required", [])
            if key not in new_fields:
                yield Change(subject, "removed", breaking=True)
            elif key not in old_fields:
                breaking = needed and SENT in way.get(name, set())
                yield Change(subject, "added and required" if breaking else "added", breaking)
            else:
                was_needed = key in before[name].get("required", [])
                if needed != was_needed:
                    yield requirement_change(subject, way.get(name, set()), needed)
                fields = (old_fields[key], new_fields[key])
                yield from type_changes(subject, way.get(name, set()), *fields)


def requirement_change(subject, way, needed):
    """Tell that a field became required, or optional."""
    if needed:
        return Change(subject, "now required", breaking=SENT in way)
    return Change(subject, "now optional", breaking=RECEIVED in way)


def enum_changes(name, way, old, new):
    """Yield the changes of a list of values."""
    for value in sorted(set(old.get("enum", [])) - set(new.get("enum", []))):
        yield Change(f"{name} value {value!r}", "removed", breaking=SENT in way)
    for value in sorted(set(new.get("enum", [])) - set(old.get("enum", []))):
        yield Change(f"{name} value {value!r}", "added", breaking=RECEIVED in way)


def type_changes(subject, way, old, new):
    """Yield the change of a type, if it changed."""
    before, after = shape(old), shape(new)
    if before != after:
        happened = f"changed from {told(before)} to {told(after)}"
        yield Change(subject, happened, breaks(way, before, after))


def breaks(way, before, after):
    """Tell whether other alternatives break: fewer to send, or more to receive."""
    return bool((SENT in way and before - after) or (RECEIVED in way and after - before))


# -- telling ---------------------------------------------------------------------------------------
def load(service, version):
    """Read a contract."""
    path = HERE / service / f"{version}.json"
    if not path.exists():
        known = ", ".join(versions(service))
        sys.exit(f"There is no contract of the {service} at {version}; there are: {known}")
    return json.loads(path.read_text())


def versions(service):
    """List the versions of a service that there are contracts of, the oldest first."""
    return sorted((file.stem for file in (HERE / service).glob("*.json")), key=parsed)


def report(old, new):
    """Give what changed between two versions, as text."""
    lines = []
    for service in SERVICES:
        found = list(changes(load(service, old), load(service, new)))
        lines += [f"{service} {old} to {new}: {summary(found)}", *(f"  {item}" for item in found)]
    return "\n".join(lines)


def summary(found):
    """Count changes."""
    breaking = sum(change.breaking for change in found)
    return f"{len(found) - breaking} additive, {breaking} breaking" if found else "no change"


def page():
    """Give the page of the documentation: all versions, each beside the one before."""
    lines = [
        "# What changed between versions",
        "",
        "`nox -s contract-diff -- --page` generates this page from the contracts; do not edit it.",
        "*Breaking* means that a client made for the older version may fail with the newer one,",
        "because the service refuses something that the client sends, or lacks something that it reads.",
        "",
        *CLIENT.splitlines(),
    ]
    for service in SERVICES:
        known = versions(service)
        lines += ["", f"## {service.capitalize()}", ""]
        lines += ["| from | to | operations | additive | breaking |", "|---|---|---|---|---|"]
        steps = [
            (old, new, list(changes(load(service, old), load(service, new))))
            for old, new in zip(known, known[1:], strict=False)
        ]
        for old, new, found in steps:
            count, breaking = len(operations(load(service, new))), sum(c.breaking for c in found)
            lines.append(f"| {old} | {new} | {count} | {len(found) - breaking} | {breaking} |")
        for old, new, found in reversed(steps):
            if found:
                lines += ["", f"### {service.capitalize()} {old} to {new}", ""]
                lines += ["| | what | |", "|---|---|---|", *map(row, found)]
    return "\n".join(lines) + "\n"


def row(change):
    """Write a change as a row of a table, in which a bar would end a cell."""
    kind = "**breaking**" if change.breaking else "additive"
    return f"| `{change.subject}` | {change.happened} | {kind} |".replace(" | null", " or null")


def main():
    """Print a difference, or write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="the older and the newer")
    parser.add_argument("--page", action="store_true", help="write the page of the documentation")
    parser.add_argument("--check", action="store_true", help="with --page: fail if it would change")
    options = parser.parse_args()
    if options.page:
        if not options.check:
            PAGE.parent.mkdir(exist_ok=True)
            PAGE.write_text(page())
        elif not PAGE.exists() or PAGE.read_text() != page():
            sys.exit("docs/versions.md is outdated: run nox -s contract-diff -- --page")
    elif len(options.versions) == 2:
        print(report(*options.versions))
    else:
        parser.error("name two versions, the older first, such as 4.14.0 4.15.2")


if __name__ == "__main__":
    main()
