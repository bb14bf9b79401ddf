"""Decoders of bytes from a server as fuzz targets: only our errors are allowed."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from tests.support.paths import RECORDED_KEY
from vantage6.bindings.call import Call
from vantage6.client._blobs import BlobReader
from vantage6.client._call import Answer, count_of, fault, is_expired, read
from vantage6.client._crypto import decrypt, fingerprint, load_private_key
from vantage6.client._display import as_html, as_text, table_of
from vantage6.client._events import parse
from vantage6.client._identity import Tokens, claims
from vantage6.client._inert import inert, inert_lines
from vantage6.client._ledger import Ledger
from vantage6.client._logs import LogTrack
from vantage6.client._shape import ANSWERS, ROWS
from vantage6.client._transport import seconds_until
from vantage6.client.errors import Vantage6Error

OPERATIONS = sorted({*ROWS, *ANSWERS, "delete_role", "list_servers"})


def answers(data: bytes) -> None:
    """Read an answer: its first two bytes choose the operation and the status."""
    status = (200, 201, 302, 400, 401, 404, 422, 500)[data[1] % 8] if len(data) > 1 else 200
    operation = OPERATIONS[data[0] % len(OPERATIONS)] if data else OPERATIONS[0]
    answer = Answer("GET", "http://server.example/api/x", status, data[2:])
    is_expired(status, answer.content)
    with suppress(Vantage6Error):
        body: Any = read(Call(operation, "GET", "/x", {}), answer)
        rows = body["data"] if isinstance(body, dict) and operation in ROWS else [body]
        table = table_of(rows, None, len(rows))
        assert _is_inert(as_text(table, 80) + as_html(table))
        if operation == "list_tasks" and rows:
            ledger = Ledger([rows[0]["id"]], 0.0, 1.0, None)
            for row in rows:
                ledger.saw_task(row)
        if operation == "list_runs":
            Ledger([1], 0.0, 1.0, None).saw_runs(1, rows)


def errors(data: bytes) -> None:
    """Make an error of what the server says."""
    for status in (400, 401, 404, 500):
        answer = Answer("GET", "http://server.example/api/x", status, data, data.decode("latin-1"))
        assert _is_inert(str(fault(answer)))


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
            Ledger([1], 0.0, 1.0, None).heard(event, 0.0, 0.0)


def tokens(data: bytes) -> None:
    """Read a token."""
    text = data.decode("utf-8", "surrogateescape")
    claims(text)
    with suppress(Vantage6Error):
        _ = Tokens.of({"access_token": text, "refresh_token": text}, 0.0).user_id  # type: ignore[typeddict-item]


def headers(data: bytes) -> None:
    """Read the headers that mean something."""
    text = data.decode("latin-1")
    seconds_until(text)
    count_of(text)


def texts(data: bytes) -> None:
    """Show text, and the lines of a log."""
    text = data.decode("utf-8", "surrogateescape")
    assert "\n" not in inert(text)
    assert _is_inert(inert_lines(text))
    track = LogTrack()
    track.looked(text)
    track.wrote(text)


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
