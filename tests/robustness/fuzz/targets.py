"""Decoders of bytes from a server as fuzz targets: only our errors are allowed."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from tests.support.paths import RECORDED_KEY
from vantage6.bindings.call import Call
from vantage6.bindings.server.checks import RESPONSES
from vantage6.client._auth.tokens import Tokens, claims
from vantage6.client._encryption.blobs import BlobReader
from vantage6.client._encryption.cipher import decrypt
from vantage6.client._encryption.keys import fingerprint, load_private_key
from vantage6.client._events.parsing import parse
from vantage6.client._http.decoding import decode_response
from vantage6.client._http.response import Response, parse_count
from vantage6.client._http.retry import retry_after_seconds
from vantage6.client._http.status_errors import error_for, is_expired
from vantage6.client._rows.columns import table_of_rows
from vantage6.client._utils.text import sanitize, sanitize_lines
from vantage6.client._waiting.logs import LogMerger
from vantage6.client._waiting.tracker import TaskTracker
from vantage6.client.errors import Vantage6Error

OPERATIONS = sorted(RESPONSES)


def answers(data: bytes) -> None:
    """Read an answer: its first two bytes choose the operation and the status."""
    status = (200, 201, 302, 400, 401, 404, 422, 500)[data[1] % 8] if len(data) > 1 else 200
    operation = OPERATIONS[data[0] % len(OPERATIONS)] if data else OPERATIONS[0]
    answer = Response("GET", "http://server.example/api/x", status, data[2:])
    is_expired(status, answer.content)
    with suppress(Vantage6Error):
        body: Any = decode_response(Call(operation, "GET", "/x", {}), answer)
        rows = body["data"] if isinstance(body, dict) and "data" in body else [body]
        table = table_of_rows(rows, None, len(rows), {}, is_whole=False)
        assert _is_inert(table.text(80) + table.text() + table.html())
        if operation == "list_tasks" and rows:
            ledger = TaskTracker([rows[0]["id"]], 0.0, 1.0, None)
            for row in rows:
                ledger.update_task(row)
        if operation == "list_runs":
            TaskTracker([1], 0.0, 1.0, None).update_runs(1, rows)


def errors(data: bytes) -> None:
    """Make an error of what the server says."""
    for status in (400, 401, 404, 500):
        answer = Response(
            "GET", "http://server.example/api/x", status, data, data.decode("latin-1")
        )
        assert _is_inert(str(error_for(answer)))


def messages(data: bytes) -> None:
    """Decrypt a message."""
    with suppress(Vantage6Error):
        decrypt(data.decode("latin-1"), _key())


def blobs(data: bytes) -> None:
    """Read a blob in pieces, with and without a key."""
    for key in (None, _key()):
        reader = BlobReader(key)
        with suppress(Vantage6Error):
            for start in range(0, len(data), 7):
                reader.update(data[start : start + 7])
            reader.finish()


def keys(data: bytes) -> None:
    """Read a public key."""
    with suppress(Vantage6Error):
        fingerprint(data.decode("latin-1"))


def events(data: bytes) -> None:
    """Read a message of the socket: its first byte chooses which."""
    names = (
        *("message", "new_task", "algorithm_status_change", "status_update", "algorithm_log"),
        *("node-online", "node-offline", "kill_containers", "expired_token", "other"),
    )
    if data and (value := _json(data[1:])) is not None:
        event = parse(names[data[0] % len(names)], value)
        if event is not None:
            TaskTracker([1], 0.0, 1.0, None).heard(event, 0.0, 0.0)


def tokens(data: bytes) -> None:
    """Read a token."""
    text = data.decode("utf-8", "surrogateescape")
    claims(text)
    with suppress(Vantage6Error):
        _ = Tokens.of({"access_token": text, "refresh_token": text}, 0.0).user_id  # type: ignore[typeddict-item]


def headers(data: bytes) -> None:
    """Read the headers that mean something."""
    text = data.decode("latin-1")
    retry_after_seconds(text)
    parse_count(text)


def texts(data: bytes) -> None:
    """Show text, and the lines of a log."""
    text = data.decode("utf-8", "surrogateescape")
    assert "\n" not in sanitize(text)
    assert _is_inert(sanitize_lines(text))
    track = LogMerger()
    track.looked(text[1:])
    track.looked(text)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (answers, errors, messages, blobs, keys, events, tokens, headers, texts)
}


def _is_inert(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


def _json(data: bytes) -> Any:
    with suppress(ValueError, RecursionError):
        return json.loads(data)
    return None


@cache
def _key() -> Any:
    return load_private_key(RECORDED_KEY.read_bytes())
