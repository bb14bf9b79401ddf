"""Build OpenAPI contracts from the facts of a service version and the overlay.

    python build.py server=4.15.2            # facts/server/4.15.2.json -> server/4.15.2.json

Facts describe the installed package; the overlay adds names, descriptions and corrections. A fact
without an overlay entry is an error, and so is an overlay entry without a fact.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from contract_errors import ContractError, ErrorCollector, OverlayPath
from contract_operations import Operations
from contract_schemas import Schemas
from overlay import load_overlay

HERE = Path(__file__).parent


def security_schemes(security):
    """Return the security schemes.

    Operations need all of them, and those open to algorithms the container's instead, unless their
    entry tells otherwise.
    """
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
    if container := security.get("container"):
        schemes["container"] = {**schemes["token"], "description": container}
    return schemes


def build(facts, overlay):
    """Return the contract of one version."""
    schemes = security_schemes(overlay["security"])
    errors = ErrorCollector()
    schemas = Schemas(facts, overlay, errors)
    paths = Operations(facts, overlay, schemas, errors).paths
    with errors:
        remove_unused_schemas(paths, schemas, overlay["shared"])
    with errors:
        check_security(paths, schemes)
    errors.raise_all()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": overlay["title"],
            "version": facts["version"],
            "description": overlay["description"],
        },
        "servers": [{"url": overlay["path"]}],
        "tags": [{"name": name, "description": text} for name, text in overlay["tags"].items()],
        "security": [{scheme: [] for scheme in schemes if scheme != "container"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.built.items())),
            "securitySchemes": schemes,
        },
    }


def check_security(paths, schemes):
    """Raise an error for operations with security schemes that the contract lacks."""
    for path, methods in paths.items():
        for method, operation in methods.items():
            used = {scheme for required in operation.get("security", []) for scheme in required}
            if unknown := sorted(used - schemes.keys()):
                OverlayPath(
                    "overlay", "operations", f"{method.upper()} {path}", "security"
                ).raise_error(f"no such scheme: {', '.join(unknown)}")


def remove_unused_schemas(paths, schemas, shared):
    """Remove unused shared schemas; raise an error for other unused schemas."""
    needed, waiting = set(), [paths]
    while waiting:
        found = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(waiting.pop())))
        waiting += [schemas.built.get(name, {}) for name in found - needed]
        needed |= found
    for name in set(schemas.built) - needed:
        if name not in shared:
            OverlayPath("overlay", "schemas", name).raise_error("unused by all operations")
        del schemas.built[name]


def write(service, version, is_check):
    """Write the contract of one version, or check that it is up to date."""
    facts = json.loads((HERE / "facts" / service / f"{version}.json").read_text())
    overlay = load_overlay(service, version)
    contract = build(facts, overlay)
    target = HERE / service / f"{version}.json"
    text = json.dumps(contract, indent=2, ensure_ascii=False) + "\n"
    if not is_check:
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    elif not target.exists() or target.read_text() != text:
        raise ContractError(
            f"openapi/{service}/{version}.json is outdated. Run: nox -s contract -- {version}"
        )
    count = sum(len(path) for path in contract["paths"].values())
    schemas = len(contract["components"]["schemas"])
    print(
        f"openapi/{service}/{version}.json: {count} operations, {schemas} schemas, "
        f"{len(overlay['untyped'])} untyped fields"
    )


def main():
    """Run the command line; errors of all contracts are reported together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contracts", nargs="+", metavar="SERVICE=VERSION")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a contract would change"
    )
    options = parser.parse_args()
    failures = []
    for item in options.contracts:
        try:
            write(*item.split("="), options.check)
        except ContractError as error:
            failures.append(f"cannot build the contract {item}:\n{error}")
    if failures:
        sys.exit("\n\n".join(failures))


if __name__ == "__main__":
    main()
