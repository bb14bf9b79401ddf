"""Tell since when an API has what it did not have from the start, for the bindings.

The contracts of all versions say it: what one has and the one before has not came in between. All
that ever came so far came with the first release of a minor version, and is told so: what the
contract of 4.10.2 has first is there since 4.10.0.
"""

from diff import load, operations, query, versions
from versions import parsed


class History:
    """What came after the oldest version that there is a contract of, up to a version."""

    def __init__(self, service, version):
        # By the name of the operation; None is from the start.
        self.operations, self.query, self.body, self.once_in_query = {}, {}, {}, {}
        oldest, *later = versions(service)
        self.take(load(service, oldest), None)
        for known in later:
            if parsed(known) <= parsed(version):
                self.take(load(service, known), release(known))

    def take(self, contract, since):
        """Note what is new in the next contract."""
        for name, (_, operation) in sorted(operations(contract).items()):
            # What comes with its operation came with nothing else.
            here = since if name in self.operations else None
            self.operations.setdefault(name, since)
            in_query, in_body = set(query(operation)), set(body_fields(contract, operation))
            moved = (in_body & self.query.get(name, {}).keys()) - in_query
            if moved:
                self.once_in_query[name] = sorted(moved)
            note(self.query.setdefault(name, {}), in_query, here)
            note(self.body.setdefault(name, {}), in_body, here)

    def module(self):
        """Write the module of the bindings."""
        return (
            '"""Since when the API has what it did not have from the start."""\n\n'
            "from __future__ import annotations\n\n"
            "from ..since import Since\n\n"
            f"SINCE = Since(\noperations={told(self.operations)!r},\n"
            f"query={nested(self.query)!r},\n"
            f"body={nested(self.body)!r},\n"
            f"once_in_query={self.once_in_query!r},\n)\n"
        )


def release(version):
    """Give the first release of a minor version."""
    major, minor, _ = parsed(version)
    return f"{major}.{minor}.0"


def note(known, names, since):
    for name in names:
        known.setdefault(name, since)


def told(known):
    """Leave out what was there from the start."""
    return {name: since for name, since in sorted(known.items()) if since}


def nested(known):
    found = {name: told(inner) for name, inner in sorted(known.items())}
    return {name: inner for name, inner in found.items() if inner}


def body_fields(contract, operation):
    """Yield the fields of a body, those inside others with a dot: ``databases.label``."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield from fields(contract, media["schema"], ())


def fields(contract, schema, place):
    """Yield the fields of a schema, wherever they stand."""
    if "$ref" in schema:
        schema = contract["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    for part in (*schema.get("anyOf", ()), *schema.get("allOf", ()), schema.get("items", {})):
        if part:
            yield from fields(contract, part, place)
    for name, inner in schema.get("properties", {}).items():
        yield ".".join((*place, name))
        yield from fields(contract, inner, (*place, name))
