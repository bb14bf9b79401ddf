"""Hypothesis strategies that alter a response."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.support.malformed_server import Alteration, Response, token

NEST = "[" * 400 + "]" * 400
STEERING = "\x1b[31m\x1b]0;gone\x07"
TEXTS = [
    *("", "x", "5", STEERING, "\ud800", "\u202eevil", "a\nb\r\tc", "\x00", "é", "/" * 3000),
    *("9" * 4500, "x" * 100_000, "2026-13-45T99:99", "0001-01-01T00:00:00+23:59"),
    *("a$b$c", "AAAA$AAAA$AAAA", "++++", "a.b.c", token({}), token(10**400), f"a.{'W' * 4000}.c"),
    *("http://[::1", "https://x\u2028y", "http://127.0.0.1:1/a\nb", "javascript:"),
    *("completed", "crashed", "pending", "active"),
]
VALUES = [
    *(None, True, True, 0, -1, 10**30, 1.5, float("inf"), float("nan")),
    *([], {}, [None], [[]], [{}], {"id": None}, {"id": "x"}, {"id": 10**400}, {"name": {}}),
    *TEXTS,
    json.loads(NEST),
]
BODIES = [
    *(b"", b"null", b"NaN", b"4", b"[]", b"{}", b'"text"', b"-", b"\x00", b"\xff", b"<html>"),
    *(b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000),
    *(b'{"id": 1, "id": []}', b'{"msg": "\x1b[2J"}', b'{"msg": ["x"]}', b'{"msg": "a\\nb"}'),
    b'{"msg": "\\u001b[2J \\ud800 \\u202e"}',
    b'{"errors": {"a": {"b": [[["\\u001b[2J"]]]}}}',
    b'{"errors": ' + NEST.encode() + b"}",
    b'{"msg": "Token has expired"}',
    b'{"data": [1], "links": {"first": "", "self": ""}}',
]
HEADERS = {
    "total-count": ["", "x", "-1", "\xb2", "9" * 5000, "1e5", STEERING],
    "retry-after": ["x", "-5", "\xb2", "9" * 400, "Mon, 99 Foo 99999", "nan", "0"],
    "location": ["", "http://[", STEERING, "//", "http://x:99999/", "\xe9"],
    "content-type": ["", "text/html; charset=nothing", "\xb2", "a;b=c;;="],
    "content-encoding": ["identity", "gzip", "br", "\xb2", "gzip, gzip"],
    "link": ["<", "<x>; rel=", "\xb2"],
    "set-cookie": ["a=b; expires=\xb2"],
    "x" * 3000: ["y"],
}
STATUSES = [
    *(200, 201, 204, 206, 226, 300, 302, 304, 307),
    *(400, 401, 403, 404, 405, 409, 418, 422, 500, 599, 999),
]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every location in a JSON value as container and key."""
    found: list[tuple[Any, Any]] = []
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        found.append((value, key))
        found += places(inner)
    return found


def altered(answer: Response, changes: list[tuple[int, str, Any]]) -> Response:
    """Change some locations in a response."""
    status, headers, content = answer
    try:
        body = json.loads(content)
    except ValueError:
        return answer
    for index, what, value in changes:
        there = places(body)
        if not there:
            break
        holder, key = there[index % len(there)]
        if what == "drop":
            del holder[key]
        else:
            holder[key] = value
    return status, headers, json.dumps(body).encode()


@st.composite
def alterations(draw: st.DrawFn) -> Alteration:
    """Draw an alteration of a response."""
    kind = draw(st.sampled_from(["places"] * 6 + ["body", "bytes", "header", "status"]))
    if kind == "places":
        change = st.tuples(
            st.integers(0, 400), st.sampled_from(["drop", "put", "put"]), st.sampled_from(VALUES)
        )
        changes = draw(st.lists(change, min_size=1, max_size=3))
        return lambda answer: altered(answer, changes)
    if kind == "body":
        body = draw(st.sampled_from(BODIES))
        return lambda answer: (answer[0], answer[1], body)
    if kind == "bytes":
        where, what = draw(st.integers(0, 2000)), draw(st.binary(max_size=4))
        return lambda answer: (answer[0], answer[1], _spliced(answer[2], where, what))
    if kind == "header":
        name = draw(st.sampled_from(list(HEADERS)))
        value = draw(st.sampled_from(HEADERS[name]))
        status = draw(st.sampled_from([None, None, 302, 503]))
        return lambda answer: (status or answer[0], {**answer[1], name: value}, answer[2])
    status, body = draw(st.sampled_from(STATUSES)), draw(st.sampled_from([None, *BODIES]))
    return lambda answer: (status, answer[1], answer[2] if body is None else body)


def _spliced(body: bytes, where: int, what: bytes) -> bytes:
    at = where % (len(body) + 1)
    return body[:at] + what + body[at + len(what) :]
