"""Extract the facts of an installed vantage6 service: routes, parameters, bodies, codes, fields.

Run it with the Python of an environment that has exactly that version. It prints JSON:

    python extract.py server > facts/server/4.15.2.json
    python extract.py hq > facts/hq/5.0.3.json

Facts are names, types, constraints and numbers. The descriptions in the package are not copied.
"""

import ast
import contextlib
import importlib
import importlib.metadata
import inspect
import json
import os
import re
import sys
import tempfile
import textwrap
import threading
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import marshmallow
import yaml
from marshmallow import fields, validate

API_PATH = "/api"


class Service(NamedTuple):
    """Locations of a service's parts in its package, and whether it loads with a Keycloak."""

    distribution: str
    package: str
    application: str
    schemas: str
    enums: tuple[str, ...] = ()
    keycloak: bool = False


SERVICES = {
    "server": Service("vantage6-server", "vantage6.server", "ServerApp", "resource.common"),
    "store": Service(
        "vantage6-algorithm-store",
        "vantage6.algorithm.store",
        "AlgorithmStoreApp",
        "resource.schema",
        ("globals", "model.common.enums", "model.rule"),
    ),
    "hq_store": Service(
        "vantage6-algorithm-store",
        "vantage6.algorithm.store",
        "AlgorithmStoreApp",
        "resource.schema",
        ("globals", "model.common.enums", "model.rule"),
        keycloak=True,
    ),
    "hq": Service(
        "vantage6-hq",
        "vantage6.hq",
        "HQApp",
        "resource.common",
        ("model.rule",),
        keycloak=True,
    ),
}


class Realm(BaseHTTPRequestHandler):
    """The one response of a Keycloak that the services of version 5 need to load."""

    def do_GET(self):
        """Send a key: nothing is signed with it here."""
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        self.wfile.write(b'{"public_key": "none"}')

    def log_message(self, *_):
        """Log nothing."""


@contextlib.contextmanager
def keycloak():
    """Serve the realm, and set the variables that the services of version 5 require."""
    with HTTPServer(("127.0.0.1", 0), Realm) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        names = ("REALM", "ADMIN_USERNAME", "ADMIN_PASSWORD", "ADMIN_CLIENT", "ADMIN_CLIENT_SECRET")
        os.environ.update({f"KEYCLOAK_{name}": "facts" for name in names})
        os.environ["KEYCLOAK_URL"] = f"http://127.0.0.1:{server.server_port}"
        yield
        server.shutdown()
        thread.join()


def load_app(service):
    """Create the service's Flask app with an empty in-memory database."""
    # First of all: the package may replace threads and sockets by those of gevent.
    module = importlib.import_module(service.package)
    database = importlib.import_module(f"{service.package}.model.base").Database()
    database.connect("sqlite://", allow_drop_all=True)
    context = SimpleNamespace(
        config={"api_path": API_PATH, "uri": "sqlite://"},
        get_database_uri=lambda: "sqlite://",
        name="facts",
        data_dir=Path(tempfile.mkdtemp()),
    )
    with keycloak() if service.keycloak else contextlib.nullcontext():
        return getattr(module, service.application)(context).app


def operations(app):
    """Return the facts of all operations, sorted by path and method."""
    found = []
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            view = getattr(app.view_functions[rule.endpoint], "view_class", None)
            handler = getattr(view, method.lower(), None)
            found.append(operation(rule, method, view, handler))
    return sorted(found, key=lambda fact: (fact["path"], fact["method"]))


def operation(rule, method, view, handler):
    """Return the facts of one operation: route, documentation and source."""
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
    fact = {
        "method": method,
        "path": path.removeprefix(API_PATH) if path.startswith(API_PATH + "/") else path,
        "handler": f"{view.__module__}.{view.__name__}.{method.lower()}" if view else None,
        "path_parameters": {
            name: type(converter).__name__ for name, converter in sorted(rule._converters.items())
        },
    }
    if handler is not None:
        fact["documented"] = documented(handler.__doc__ or "")
        fact["source"] = read_source(handler)
    return fact


def documented(docstring):
    """Parse parameters, body, status codes and tags from the YAML of a docstring."""
    if "---" not in docstring:
        return None
    page = yaml.safe_load(textwrap.dedent(docstring.split("---", 1)[1]))
    query = {}
    for parameter in page.get("parameters") or []:
        # Some docstrings have the name itself as the key in place of `name`: skip them.
        if parameter.get("in") == "query" and "name" in parameter:
            schema = parameter.get("schema") or {}
            query[parameter["name"]] = {
                "type": schema.get("type"),
                **({"items": schema["items"].get("type")} if "items" in schema else {}),
            }
    content = (page.get("requestBody") or {}).get("content")
    # Some docstrings have prose in place of a mapping: ignore it.
    media = content if isinstance(content, dict) else {}
    return {
        "query": query,
        "body": {
            kind: body_fact(spec.get("schema") or {})
            for kind, spec in media.items()
            if isinstance(spec, dict)
        },
        "statuses": sorted(int(code) for code in page.get("responses") or {}),
        "secured": bool(page.get("security")),
        "tags": page.get("tags") or [],
    }


def body_fact(schema):
    """Return the reference of a documented body, or the types of its fields."""
    if "$ref" in schema:
        return {"ref": schema["$ref"].rsplit("/", 1)[-1]}
    properties = schema.get("properties") or {}
    return {"fields": {name: (spec or {}).get("type") for name, spec in properties.items()}}


def read_source(handler):
    """Parse arguments, status codes and guards from a handler's source."""
    with contextlib.suppress(AttributeError):
        while True:
            handler = handler.__wrapped__
    tree = ast.parse(textwrap.dedent(inspect.getsource(handler))).body[0]
    decorators = [ast.unparse(decorator) for decorator in tree.decorator_list]
    arguments, statuses = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "HTTPStatus":
            statuses.add(HTTPStatus[node.attr].value)
        arguments |= argument_names(node)
    return {
        "callers": decorators,
        "arguments": sorted(arguments),
        "statuses": sorted(statuses),
    }


def argument_names(node):
    """Return the query arguments that a syntax node reads."""

    def is_arguments(expression):
        return ast.unparse(expression) in {"args", "request.args"}

    def texts(expression):
        return {
            item.value
            for item in ast.walk(expression)
            if isinstance(item, ast.Constant) and isinstance(item.value, str)
        }

    if isinstance(node, ast.Subscript) and is_arguments(node.value):
        return texts(node.slice)
    if isinstance(node, ast.Compare) and is_arguments(node.comparators[0]):
        return texts(node.left)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.is_included":
        return {"include"}
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"get", "getlist"}
        and is_arguments(node.func.value)
    ):
        return texts(node.args[0])
    if isinstance(node, ast.For) and isinstance(node.iter, (ast.List, ast.Tuple)):
        return texts(node.iter) if "args" in ast.unparse(node) else set()
    return set()


def schemas(service):
    """Return the fields of all marshmallow schemas of the service."""
    found = {}
    for kind in ("input", "output"):
        module = importlib.import_module(f"{service.package}.{service.schemas}.{kind}_schema")
        for cls_name, cls in inspect.getmembers(module, inspect.isclass):
            if (
                issubclass(cls, marshmallow.Schema)
                and cls.__module__ == module.__name__
                and not cls_name.startswith("_")
            ):
                instance = cls()
                found[cls_name] = {
                    "kind": kind,
                    "fields": {
                        spec.data_key or key: field(spec) for key, spec in instance.fields.items()
                    },
                }
    return {key: found[key] for key in sorted(found)}


def enums(service):
    """Return the values of the enumerations that schemas validate against."""
    return {
        name: [member.value for member in cls]
        for module in service.enums
        for name, cls in inspect.getmembers(
            importlib.import_module(f"{service.package}.{module}"), inspect.isclass
        )
        if issubclass(cls, Enum) and issubclass(cls, str) and len(cls)
    }


def field(spec):
    """Return the facts of a marshmallow field."""
    fact = {"type": type(spec).__name__}
    if spec.required:
        fact["required"] = True
    if spec.allow_none:
        fact["nullable"] = True
    if isinstance(spec, fields.List):
        fact["items"] = field(spec.inner)
    if isinstance(spec, fields.Nested):
        nested = spec.nested if isinstance(spec.nested, str) else spec.nested.__name__
        fact.update(schema=nested, many=spec.many)
        if spec.exclude:
            fact["exclude"] = sorted(spec.exclude)
    for validator in spec.validators:
        if isinstance(validator, validate.OneOf):
            fact["enum"] = sorted(validator.choices)
        elif isinstance(validator, (validate.Length, validate.Range)):
            name = type(validator).__name__.lower()
            limits = {"min": validator.min, "max": validator.max}
            fact[name] = {key: limit for key, limit in limits.items() if limit is not None}
    return fact


def main(name):
    """Print the facts of the installed service."""
    service = SERVICES[name]
    os.environ.setdefault("PYTHONHASHSEED", "0")
    output = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        app = load_app(service)
        with app.test_request_context():
            facts = {
                "service": name,
                "version": importlib.metadata.version(service.distribution),
                "operations": operations(app),
                "schemas": schemas(service),
                **({"enums": enums(service)} if service.enums else {}),
            }
    json.dump(facts, output, indent=1, sort_keys=True)
    output.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
