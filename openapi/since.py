"""First releases of operations, parameters and fields, for the bindings."""

# They follow from the contracts of all versions. So far, additions came with the first release of a
# minor version only: if the contract of 4.10.2 is the first with a name, its release is 4.10.0.

from diff import load_contract, operations, query_parameters, versions
from versions import parse_version


class History:
    """First releases of everything added after the oldest contract, up to a version."""

    def __init__(self, service, version):
        # By operation name; None means since the oldest contract.
        self.operations, self.query_parameters, self.body, self.once_in_query = {}, {}, {}, {}
        oldest, *later = versions(service)
        self.add_contract(load_contract(service, oldest), None)
        for known in later:
            if parse_version(known) <= parse_version(version):
                self.add_contract(load_contract(service, known), first_release(known))

    def add_contract(self, contract, since):
        """Add the next contract."""
        for name, (_, operation) in sorted(operations(contract).items()):
            # Parameters added with their operation have no release of their own.
            here = since if name in self.operations else None
            self.operations.setdefault(name, since)
            in_query, in_body = (
                set(query_parameters(operation)),
                set(body_fields(contract, operation)),
            )
            moved = (in_body & self.query_parameters.get(name, {}).keys()) - in_query
            if moved:
                self.once_in_query[name] = sorted(moved)
            record_names(self.query_parameters.setdefault(name, {}), in_query, here)
            record_names(self.body.setdefault(name, {}), in_body, here)

    def module(self):
        """Return the source of the bindings' module `since`."""
        return (
            '"""First releases of what was added to the API after the oldest known version."""\n\n'
            "from __future__ import annotations\n\n"
            "from ..since import Since\n\n"
            f"SINCE = Since(\noperations={without_initial(self.operations)!r},\n"
            f"query={nested_without_initial(self.query_parameters)!r},\n"
            f"body={nested_without_initial(self.body)!r},\n"
            f"once_in_query={self.once_in_query!r},\n)\n"
        )


def first_release(version):
    """Return the first release of a version's minor series."""
    major, minor, _ = parse_version(version)
    return f"{major}.{minor}.0"


def record_names(known, names, since):
    """Add the names that are not known yet."""
    for name in names:
        known.setdefault(name, since)


def without_initial(known):
    """Remove the names that the oldest contract has."""
    return {name: since for name, since in sorted(known.items()) if since}


def nested_without_initial(known):
    """Apply `without_initial` to the names of each operation."""
    found = {name: without_initial(inner) for name, inner in sorted(known.items())}
    return {name: inner for name, inner in found.items() if inner}


def body_fields(contract, operation):
    """Yield the fields of a body; nested ones have dots: ``databases.label``."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield from fields(contract, media["schema"], ())


def fields(contract, schema, parents):
    """Yield the fields of a schema at any depth."""
    if "$ref" in schema:
        schema = contract["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    for part in (*schema.get("anyOf", ()), *schema.get("allOf", ()), schema.get("items", {})):
        if part:
            yield from fields(contract, part, parents)
    for name, inner in schema.get("properties", {}).items():
        yield ".".join((*parents, name))
        yield from fields(contract, inner, (*parents, name))
