"""Test that responses to generated requests match the contract or are known bugs.

Schemathesis generates the requests of each operation from its contract, half of them valid and half
invalid. They are the same in each run. `nox -s properties` sends many.
"""

import copy
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import HypothesisProvider

from .sandbox import VERSIONS, Answers, Sandbox, Service

pytestmark = pytest.mark.live

# The least number of requests an operation gets.
CASES = int(os.environ.get("VANTAGE6_CASES", "4"))
SEED = 20261122
# Ids within the rows there are, and just beyond: any integer would hit nothing.
FEW_IDS = {"minimum": 0, "maximum": 4}
# uWSGI hangs up when a request's head, with the query twice in it, is longer than 4096 bytes.
LONGEST_PATH = 1200
# What is sent to an operation that takes nothing, to ask it in more than one way.
UNKNOWN_QUERY = st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), min_size=1)
# Who calls is chosen here, and the length follows from the body.
OWN_HEADERS = {"authorization", "server-url", "content-length"}
OPERATIONS = [
    (service, name)
    for service, version in VERSIONS.items()
    for name in sorted(Answers(service, version).operations)
]


@pytest.fixture(autouse=True)
def nothing_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep words and numbers of this project's source out of the requests: it changes."""
    monkeypatch.setattr(HypothesisProvider, "_maybe_draw_constant", lambda *_, **__: None)


@pytest.fixture(scope="module")
def table() -> Iterator[dict[tuple[str, str], Counter[int]]]:
    """Collect the statuses of all operations, and print them."""
    table: dict[tuple[str, str], Counter[int]] = {}
    yield table
    print()
    for (service, name), statuses in table.items():
        seen = "  ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
        print(f"{service:6}  {name:38}  {statuses.total():4} cases  {seen}")


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """Load the contracts into schemathesis, which only this test needs."""
    from schemathesis import openapi

    return {
        service: openapi.from_dict(with_few_ids(Answers(service, version).contract))
        for service, version in VERSIONS.items()
    }


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_every_response_matches_the_contract(
    service: str,
    name: str,
    sandbox: Sandbox,
    schemas: dict[str, Any],
    table: dict[tuple[str, str], Counter[int]],
) -> None:
    target = sandbox[service]
    operation = target.truth.operations[name]
    statuses = table.setdefault((service, name), Counter())
    unknown: list[str] = []

    def ask(asked: tuple[httpx.Request, bool]) -> None:
        request, exists = asked
        response = target.ask(operation, request)
        statuses[response.status_code] += 1
        for fault in faults(target, operation, response, exists):
            unknown.append(
                f"{request.method} {request.url.raw_path.decode()} {request.content!r:.300} -> "
                f"{response.status_code} {response.text[:200]}\n    {fault}"
            )

    for requests in strategies(target, schemas[service].find_operation_by_id(name)):
        many(ask, requests)
    assert statuses.total() >= CASES
    assert not unknown, "\n".join(unknown)


def faults(
    service: Service, operation: dict[str, Any], response: httpx.Response, exists: bool
) -> Iterator[str]:
    """Yield what is wrong with an answer and is no known bug."""
    if not exists:
        # The path is of no operation, and so no contract tells the shape of the answer.
        if response.status_code != HTTPStatus.NOT_FOUND:
            yield "there is no such path"
        return
    for fault in service.truth.faults(operation, response):
        if not service.is_known(operation["operationId"], response.status_code, fault):
            yield fault


def many(ask: Callable[[tuple[httpx.Request, bool]], None], requests: Any) -> None:
    """Draw half of an operation's cases, always the same ones."""
    run = settings(
        max_examples=(CASES + 1) // 2,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seed(SEED)(run(given(requests)(ask)))()


def strategies(service: Service, operation: Any) -> Iterator[st.SearchStrategy[Any]]:
    """Yield what makes requests: right ones, and wrong ones."""
    from schemathesis import GenerationMode

    raw = operation.definition.raw
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        if raw.get("parameters") or "requestBody" in raw:
            cases = operation.as_strategy(generation_mode=mode)
        else:
            cases = st.builds(with_query, operation.as_strategy(), UNKNOWN_QUERY)
        yield cases.map(lambda case: request_of(case, service)).filter(fits)


def with_query(case: Any, query: dict[str, str]) -> Any:
    """Add to a case's query."""
    case.query = query
    return case


def request_of(case: Any, service: Service) -> tuple[httpx.Request, bool]:
    """Turn a case into a request, and tell whether its path can be one of the operation's."""
    import requests

    made = case.as_transport_kwargs(base_url=service.url + service.truth.api_path)
    wanted = ("method", "url", "params", "json", "data", "files", "headers", "cookies")
    prepared = requests.Request(**{key: made[key] for key in wanted if key in made}).prepare()
    headers = [
        (key, value) for key, value in prepared.headers.items() if key.lower() not in OWN_HEADERS
    ]
    raw = case.operation.definition.raw.get("parameters", [])
    in_path = [item for item in raw if item["in"] == "path"]
    numbers = {item["name"] for item in in_path if item["schema"]["type"] == "integer"}
    given_path = (case.path_parameters or {}).items()
    exists = all(str(value).isdecimal() for name, value in given_path if name in numbers)
    return httpx.Request(
        str(prepared.method), str(prepared.url), headers=headers, content=prepared.body
    ), exists


def fits(asked: tuple[httpx.Request, bool]) -> bool:
    """Return whether a request is short enough for uWSGI."""
    return len(asked[0].url.raw_path) <= LONGEST_PATH


def with_few_ids(contract: dict[str, Any]) -> dict[str, Any]:
    """Copy a contract such that ids are of few values."""
    contract = copy.deepcopy(contract)

    def narrow(name: str, part: Any) -> None:
        if isinstance(part, dict):
            if re.fullmatch(r"(.*_)?ids?", name) and "integer" in part.get("type", ()):
                part |= FEW_IDS
            for key, value in part.items():
                # A list's items and a parameter's schema go by the name that is given outside.
                inner = part.get("name", name) if key in ("items", "schema", "anyOf") else key
                narrow(inner if isinstance(inner, str) else "", value)
        elif isinstance(part, list):
            for value in part:
                narrow(name, value)

    narrow("", contract)
    return contract
