"""Compare the responses of a real server with the contract and the generated models.

Any program that speaks to the server through httpx can be watched:

    truth = Truth("server", "4.15.2")
    with truth.watch():
        ...  # drive the server, by hand or through the facade
    assert not truth.problems
"""

import contextlib
import copy
import importlib
import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import httpx
from jsonschema import Draft202012Validator

from tests.support.paths import ROOT

CONTRACTS = ROOT / "openapi"
# The contracts that the generated models are made from.
MODELLED = set(json.loads((ROOT / "generated" / "LOCK").read_text())["contracts"])
Json = dict[str, Any]


def closed(schema: Json) -> Json:
    """Copy a schema such that objects have no property but those named, wherever it names some."""
    schema = copy.deepcopy(schema)
    for part in objects(schema):
        if part.get("properties"):
            part.setdefault("additionalProperties", False)
    return schema


def objects(value: object) -> Iterator[Json]:
    """Yield each dictionary within a JSON value, itself included."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def plain(parsed: object) -> object:
    """Convert the output of a generated parser into JSON."""
    if isinstance(parsed, list):
        return [plain(item) for item in parsed]
    return parsed.to_dict() if hasattr(parsed, "to_dict") else parsed


def rows(body: Any) -> list[Json]:
    """Return the rows of an answer: those of a page or a list, or the one that it is."""
    if isinstance(body, dict) and set(body) == {"data", "links"}:
        body = body["data"]
    return [row for row in (body if isinstance(body, list) else [body]) if isinstance(row, dict)]


class Truth:
    """A record of the operations that were driven, and of every contradiction to the contract.

    Parameters
    ----------
    service : str
        The folder of the contract below ``openapi``.
    version : str
        The version of the contract.

    Attributes
    ----------
    seen : dict of str to set of int
        By operation, the statuses it has answered with.
    fields : dict of str to set of str
        By operation, the fields of its rows that have come with a value.
    problems : list of str
        The contradictions, each told with its request.
    """

    def __init__(self, service: str, version: str) -> None:
        self.contract: Json = json.loads((CONTRACTS / service / f"{version}.json").read_text())
        self.components = {
            "as written": {"components": self.contract["components"]},
            "closed": {"components": closed(self.contract["components"])},
        }
        self.api_path: str = self.contract["servers"][0]["url"]
        self.package = f"vantage6.bindings.{service}"
        self.modelled = f"{service}/{version}.json" in MODELLED
        self.operations = {
            operation["operationId"]: operation
            for methods in self.contract["paths"].values()
            for operation in methods.values()
        }
        self.seen: dict[str, set[int]] = defaultdict(set)
        self.fields: dict[str, set[str]] = defaultdict(set)
        self.problems: list[str] = []

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Check each answer that httpx brings meanwhile, in whatever client."""
        send, send_async = httpx.Client.send, httpx.AsyncClient.send

        def watched(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
            response = send(client, request, **options)
            self.check(response)
            return response

        async def watched_async(
            client: httpx.AsyncClient, request: httpx.Request, **options: Any
        ) -> httpx.Response:
            response = await send_async(client, request, **options)
            self.check(response)
            return response

        httpx.Client.send, httpx.AsyncClient.send = watched, watched_async
        try:
            yield
        finally:
            httpx.Client.send, httpx.AsyncClient.send = send, send_async

    def check(self, response: httpx.Response) -> None:
        """Check one answer; what is not below the API's path is none of the contract's business."""
        path = response.request.url.path
        if not path.startswith(self.api_path + "/"):
            return
        found = self.operation(response.request.method, path.removeprefix(self.api_path))
        if found is None:
            # The nodes of other tests' networks live in threads of this process.
            if threading.current_thread() is threading.main_thread():
                self.report(response, "the contract has no such operation")
            return
        self.seen[found["operationId"]].add(response.status_code)
        if response.is_success and "json" in response.headers.get("content-type", ""):
            values = [item for row in rows(response.json()) for item in row.items()]
            seen = {name for name, value in values if value is not None}
            self.fields[found["operationId"]] |= seen
        for problem in self.contradictions(found, response):
            self.report(response, problem)

    def report(self, response: httpx.Response, problem: str) -> None:
        """Note a contradiction, with enough of its exchange to understand it."""
        request = response.request
        self.problems.append(
            f"{request.method} {request.url.raw_path.decode()} {request.content.decode()[:200]}"
            f" -> {response.status_code} {response.text[:300]}\n    {problem}"
        )

    def operation(self, method: str, path: str) -> Json | None:
        """Find the operation of a request; a path without parameters goes before one with."""
        for template in sorted(self.contract["paths"], key=lambda text: text.count("{")):
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path):
                return self.contract["paths"][template].get(method.lower())
        return None

    def contradictions(self, operation: Json, response: httpx.Response) -> Iterator[str]:
        """Yield what is wrong with one exchange."""
        answer = operation["responses"].get(str(response.status_code))
        if answer is None:
            yield f"{operation['operationId']} does not answer {response.status_code}"
            return
        for name, header in answer.get("headers", {}).items():
            if header.get("required") and name not in response.headers:
                yield f"the header {name} is missing"
        if response.status_code < HTTPStatus.BAD_REQUEST:
            yield from self.request_contradictions(operation, response.request)
        kind = response.headers.get("content-type", "").split(";")[0]
        if kind not in answer["content"]:
            yield f"the answer is {kind}, not {' or '.join(answer['content'])}"
        elif kind == "application/json":
            yield from self.invalid(
                answer["content"][kind]["schema"], response.json(), "the answer"
            )
            if self.modelled:
                yield from self.lost(operation, response)

    def request_contradictions(self, operation: Json, request: httpx.Request) -> Iterator[str]:
        """Yield why the contract would not have allowed a request that the server took."""
        known = {item["name"] for item in operation.get("parameters", []) if item["in"] == "query"}
        for name in parse_qs(request.url.query.decode()):
            if name not in known:
                yield f"the parameter {name} is unknown"
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            schema = content["application/json"]["schema"]
            yield from self.invalid(schema, json.loads(request.content), "the accepted body")
        elif request.content and not content:
            yield "the operation takes no body, yet one was sent and accepted"

    def invalid(self, schema: Mapping[str, Any], value: object, what: str) -> Iterator[str]:
        """Yield how a value breaks its schema, as written or with its objects closed."""
        told: set[str] = set()
        for form, components in self.components.items():
            for error in Draft202012Validator({**schema, **components}).iter_errors(value):
                place = error.json_path.removeprefix("$")
                inner = [f"{part.json_path}: {part.message}" for part in error.context or []]
                problem = f"{error.message[:300]} {inner or ''}"
                if place + problem not in told:
                    told.add(place + problem)
                    yield f"{what}{place}, {form}: {problem}"

    def lost(self, operation: Json, response: httpx.Response) -> Iterator[str]:
        """Yield how an answer differs after a passage through the generated models."""
        name = f"{self.package}.api.{operation['tags'][0]}.{operation['operationId']}"
        module = importlib.import_module(name)
        client = importlib.import_module(self.package).Client("http://contract")
        try:
            parsed = module._parse_response(client=client, response=response)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            yield f"the models cannot read it: {error!r}"
            return
        if plain(parsed) != response.json():
            yield f"the models give back {json.dumps(plain(parsed))[:300]}"

    def fitting(self, schema: str, body: Json) -> Json:
        """Copy a body without the fields, or their nulls, that its schema lacks at this version."""
        fields = self.contract["components"]["schemas"][schema]["properties"]
        return {
            name: self.fitting_value(fields[name], value)
            for name, value in body.items()
            if name in fields and (value is not None or "null" in str(fields[name]))
        }

    def fitting_value(self, schema: Json, value: Any) -> Any:
        """Copy the value of a field without what its schema lacks."""
        if isinstance(value, list):
            return [self.fitting_value(schema["items"], item) for item in value]
        if "$ref" in schema and isinstance(value, dict):
            return self.fitting(schema["$ref"].rpartition("/")[2], value)
        return value

    def described(self, operation: Json) -> set[str]:
        """Name the fields that the rows of an operation's successes have."""
        answers = [item for code, item in operation["responses"].items() if code < "4"]
        media = [item["content"].get("application/json", {}) for item in answers]
        return set().union(*(self.row_fields(item.get("schema", {})) for item in media))

    def row_fields(self, schema: Json) -> set[str]:
        """Name the fields of the rows that a schema describes."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self.row_fields(self.contract["components"]["schemas"][name])
        if "anyOf" in schema:
            return set().union(*map(self.row_fields, schema["anyOf"]))
        fields = schema.get("properties", {})
        inner = schema.get("items") or ("links" in fields and fields.get("data"))
        return self.row_fields(inner) if inner else set(fields)

    def table(self) -> str:
        """Return the statuses and the fields with values that each operation has returned.

        What was not seen of the fields that the contract describes is named behind their number.
        """
        width = max(map(len, self.operations))
        lines: list[str] = []
        for name, operation in sorted(self.operations.items()):
            statuses = " ".join(map(str, sorted(self.seen.get(name, ())))) or "-"
            described, found = self.described(operation), self.fields.get(name, set())
            missing = (
                f"  without {', '.join(sorted(described - found))}" if described - found else ""
            )
            fields = f"{len(described & found)}/{len(described)}"
            lines.append(f"{name:{width}}  {statuses:39}  {fields:>5}{missing}")
        return "\n".join(lines)


def listings(truth: Truth) -> dict[str, list[str]]:
    """Return the paths of the operations that answer pages, with their query parameters."""
    return {
        path: [item["name"] for item in methods["get"]["parameters"] if item["in"] == "query"]
        for path, methods in truth.contract["paths"].items()
        if "Page" in str(methods.get("get", {}).get("responses", {}).get("200"))
    }
