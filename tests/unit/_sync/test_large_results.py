# Derived by unasync.py: edit tests/unit/_async/test_large_results.py instead.
"""Test results that are decoded while they are received."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_server import Request, ScriptedServer
from tests.support.wrong_key import undecryptable
from vantage6.client import Client, DecryptionError, InvalidResponseError
from vantage6.client._encryption.base64 import encode
from vantage6.client._encryption.cipher import decrypt, encrypt
from vantage6.client._encryption.keys import generate_private_key, public_key_of

from .test_client import KEY, listing, serve, waiting, write_key

THEIRS = generate_private_key(2048)
LARGE = json.dumps({"values": ["é 0123456789" * 3] * 20_000, '"result": "': None})
SMALL = '{"sum": 3}'


def row(run_id: int, result: str | None) -> dict[str, Any]:
    return {"id": run_id, "run": {"id": run_id}, "result": result, "blob_storage_used": False}


def sealed(text: str | bytes, key: Any = KEY) -> str:
    data = text.encode() if isinstance(text, str) else text
    seal: Callable[[], str] = lambda: encrypt(data, public_key_of(key))  # noqa: E731
    return seal() if key is KEY else undecryptable(seal, lambda message: decrypt(message, KEY))


def routes(*rows: dict[str, Any]) -> Any:
    runs = [{"id": each["id"], "organization": {"id": each["id"]}} for each in rows]

    def one(request: Request, _: object) -> Any:
        return 200, next(each for each in rows if request.path.endswith(f"/{each['id']}"))

    members = [{"id": each["id"], "name": f"hospital {each['id']}"} for each in rows]
    return {
        "PATCH /organization/3": lambda request, _: (200, {"id": 3, **request.body}),
        "GET /organization": listing(members),
        "GET /result": listing(list(rows)),
        "GET /run": listing(runs),
        **{f"GET /result/{each['id']}": one for each in rows},
    }


def test_large_and_small_results_arrive_side_by_side(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    texts = [LARGE, SMALL, LARGE, None]
    serve(
        server, client, routes(*(row(i, text and sealed(text)) for i, text in enumerate(texts, 1)))
    )
    client.setup_encryption(write_key(tmp_path))
    seen: list[tuple[int, int | None]] = []
    results = client.result.from_task(1, on_transfer=lambda *at: seen.append(at))
    assert [each["result"] for each in results] == texts[::-1], "as the server lists them, reversed"
    assert all(type(each["result"]) is str for each in results if each["result"])
    assert seen == sorted(seen)
    assert seen[-1][0] > 2 * len(LARGE)


@pytest.mark.parametrize("fast", [True, False])
def test_a_large_plain_result_is_decoded(
    client: Client, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    if not fast:
        monkeypatch.setattr("vantage6.client._encryption.base64.pybase64", None)
    serve(server, client, routes(row(1, encode(LARGE.encode()))))
    assert client.result.get(1) == LARGE
    assert (client.result.from_task(1)).outputs == [json.loads(LARGE)]


def test_one_unreadable_large_result_leaves_the_others(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    damaged = sealed(LARGE)
    damaged = damaged[:-1000] + "?" * 1000
    binary = sealed(b"\xff" * 400_000)
    rows = [sealed(LARGE), sealed(LARGE, THEIRS), damaged, binary, damaged[:-1003]]
    serve(server, client, routes(*(row(i, text) for i, text in enumerate(rows, 1))))
    client.setup_encryption(write_key(tmp_path))
    with pytest.raises(DecryptionError) as caught:
        client.result.from_task(1)
    assert sorted(caught.value.run_ids) == [2, 3, 4, 5]
    assert "result of run 2: with the key of IKNL (organization 3)" in str(caught.value)
    assert caught.value.results is not None
    assert [each["result"] for each in caught.value.results[::-1]] == [
        LARGE,
        None,
        None,
        None,
        None,
    ]
    assert client.result.get_bytes(4) == b"\xff" * 400_000
    with pytest.raises(DecryptionError, match=r"result\.get_bytes\(4\)"):
        client.result.get(4)


def test_a_large_encrypted_result_without_a_key_says_so(
    client: Client, server: ScriptedServer
) -> None:
    serve(server, client, routes(row(1, sealed(LARGE))))
    with pytest.raises(DecryptionError, match="setup_encryption"):
        client.result.get(1)


def test_a_wait_returns_large_results(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    task = waiting("completed")
    result = sealed(LARGE)

    def with_result(request: Request, query: dict[str, str]) -> Any:
        status, body, *more = task["GET /task/12"](request, query)
        if isinstance(body.get("results"), list):
            body = {**body, "results": [{**each, "result": result} for each in body["results"]]}
        return (status, body, *more)

    serve(server, client, routes() | task | {"GET /task/12": with_result})
    client.setup_encryption(write_key(tmp_path))
    for _ in range(2):
        results = client.wait_for_results(12, progress=False)
        assert {each["result"] for each in results} == {LARGE}


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_large_result_is_saved_to_a_file(
    client: Client, server: ScriptedServer, tmp_path: Path, encrypted: bool
) -> None:
    value = sealed(LARGE) if encrypted else encode(LARGE.encode())
    web = encrypt(base64.b64encode(LARGE.encode()), public_key_of(KEY))
    serve(server, client, routes(row(1, value), row(2, None), row(3, web)))
    client.setup_encryption(write_key(tmp_path))
    file = tmp_path / "result.json"
    seen: list[int] = []
    assert client.result.save(1, file, on_transfer=lambda n, _: seen.append(n)) == file
    assert file.read_text() == LARGE
    assert len(seen) > 2, "while it is received"
    file.unlink()
    assert client.result.save(2, file) is None
    assert not file.exists()
    with pytest.raises(DecryptionError, match=r"result of run 1: .*expected at most 99"):
        client.result.save(1, file, max_bytes=99)
    assert not list(tmp_path.glob("*result*"))


def test_an_interrupted_large_result_is_received_again(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    serve(server, client, routes(row(1, sealed(LARGE))))
    client.setup_encryption(write_key(tmp_path))
    whole = server.reply
    cuts = [0.9, 0.3]

    def cut(request: Request) -> Any:
        status, body, *_ = whole(request)
        if "/result" not in request.path or not cuts:
            return whole(request)
        content = json.dumps(body).encode()
        part = content[: int(len(content) * cuts.pop())]
        return status, part, {"content-length": str(len(content)), "connection": "close"}

    server.reply = cut
    assert client.result.get(1) == LARGE
    cuts += [0.9, 0.3]
    file = client.result.save(1, tmp_path / "result.json")
    assert not cuts
    assert file
    assert file.read_text() == LARGE


def test_large_results_count_toward_the_limit_of_a_response(
    client: Client, server: ScriptedServer
) -> None:
    rows = [row(i, encode(LARGE.encode())) for i in (1, 2)]
    serve(server, client, routes(*rows))
    small = client.with_options(max_response_bytes=len(LARGE) * 2)
    assert small.result.get(1) == LARGE
    with pytest.raises(InvalidResponseError, match="max_response_bytes"):
        small.result.from_task(1)


def test_rows_as_stored_keep_large_results(client: Client, server: ScriptedServer) -> None:
    stored = row(1, encode(LARGE.encode()))
    serve(
        server,
        client,
        {"GET /task/12": lambda *_: (200, {"id": 12, "status": "x", "results": [stored]})},
    )
    task: Any = client.task.get(12, include_results=True)
    assert re.fullmatch(r"[\w+/=]+", task["results"][0]["result"])
