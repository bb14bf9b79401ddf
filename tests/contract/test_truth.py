"""Test that the comparison of responses with the contract finds contradictions."""

import httpx
import pytest

from .truth import Truth

VERSION = {"version": "4.15.2"}
ROLE = {
    "id": 1,
    "name": "Reader",
    "description": None,
    "is_default_role": False,
    "organization": None,
    "rules": "/api/rule?role_id=1",
    "users": "/api/user?role_id=1",
}


def ask(truth: Truth, method: str, path: str, answer: httpx.Response, **content: object) -> None:
    """Send a request that is given an answer, while the truth watches."""
    transport = httpx.MockTransport(lambda request: answer)
    with truth.watch(), httpx.Client(base_url="http://server", transport=transport) as client:
        client.request(method, path, **content)


@pytest.fixture
def fresh() -> Truth:
    return Truth("server", "4.15.2")


def test_matching_responses_are_only_counted(fresh: Truth) -> None:
    ask(fresh, "GET", "/api/version", httpx.Response(200, json=VERSION))
    ask(fresh, "GET", "/api/role/1", httpx.Response(200, json=ROLE))
    ask(fresh, "GET", "/api/role/2", httpx.Response(404, json={"msg": "not found"}))
    ask(fresh, "GET", "/socket.io/", httpx.Response(200, text="not of the API"))
    assert fresh.problems == []
    assert fresh.seen == {"get_version": {200}, "get_role": {200, 404}}


async def test_async_clients_are_watched_too(fresh: Truth) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(418))
    with fresh.watch():
        async with httpx.AsyncClient(base_url="http://server", transport=transport) as client:
            await client.get("/api/version")
    assert "get_version does not answer 418" in fresh.problems[0]


@pytest.mark.parametrize(
    ("method", "path", "answer", "content", "told"),
    [
        ("GET", "/api/moods", httpx.Response(200, json={}), {}, "no such operation"),
        ("GET", "/api/role/1", httpx.Response(418, json={}), {}, "does not answer 418"),
        ("GET", "/api/role/1", httpx.Response(200, json=ROLE | {"name": 1}), {}, "answer.name"),
        ("GET", "/api/role/1", httpx.Response(200, json=ROLE | {"mood": 1}), {}, "'mood'"),
        ("GET", "/api/role/1", httpx.Response(200, json={"id": 1}), {}, "'rules' is a required"),
        ("GET", "/api/role/1", httpx.Response(404, text="<p>gone"), {}, "text/plain"),
        (
            "GET",
            "/api/role?mood=1",
            httpx.Response(200, json={"data": [], "links": {"first": "/", "self": "/"}}),
            {},
            "the parameter mood is unknown",
        ),
        (
            "GET",
            "/api/role",
            httpx.Response(200, json={"data": [], "links": {"first": "/", "self": "/"}}),
            {},
            "the header total-count is missing",
        ),
        (
            "POST",
            "/api/role",
            httpx.Response(201, json=ROLE),
            {"json": {"name": "Reader"}},
            "the accepted body",
        ),
        (
            "DELETE",
            "/api/role/1",
            httpx.Response(200, json={"msg": "gone"}),
            {"json": {}},
            "takes no body",
        ),
    ],
)
def test_contradictions_are_reported(
    fresh: Truth, method: str, path: str, answer: httpx.Response, content: dict, told: str
) -> None:
    ask(fresh, method, path, answer, **content)
    assert any(told in problem for problem in fresh.problems), fresh.problems


def test_body_is_adapted_to_a_version() -> None:
    argument = {"name": "n", "default_value": None, "conditional_on": "m", "allowed_values": [1]}
    body = {"name": "f", "functions": [{"name": "f", "arguments": [argument]}]}

    def fitted(version: str) -> object:
        return Truth("store", version).fitting("AlgorithmInput", body)["functions"][0]["arguments"]

    assert fitted("4.15.2") == [argument]
    assert fitted("4.10.2") == [{"name": "n", "conditional_on": "m"}]
    assert fitted("4.7.1") == [{"name": "n"}]


def test_table_lists_seen_and_unseen_responses(fresh: Truth) -> None:
    page = {"data": [ROLE, ROLE | {"id": 2, "description": "Reads."}], "links": {}}
    ask(fresh, "GET", "/api/role", httpx.Response(200, json=page, headers={"total-count": "2"}))
    ask(fresh, "GET", "/api/role/2", httpx.Response(404, json={"msg": "not found"}))
    lines = {line.split()[0]: line.split()[1:] for line in fresh.table().splitlines()}
    assert lines["list_roles"] == ["200", "6/7", "without", "organization"]
    assert lines["get_role"][:3] == ["404", "0/7", "without"]
    assert lines["get_version"] == ["-", "0/1", "without", "version"]
