"""Where the fuzzer starts, and what it has found; tests run all of them."""

import base64
import json
from collections.abc import Iterator, Mapping

from tests.robustness.fuzz.targets import OPERATIONS
from tests.support.contract_samples import Contract, operations, samples

CONTRACT = Contract("server", "4.15.2")


def _answers() -> Iterator[bytes]:
    for operation in operations(CONTRACT):
        if operation.name in OPERATIONS:
            number = OPERATIONS.index(operation.name)
            for body in samples(CONTRACT, operation.schema):
                yield bytes([number, 0]) + json.dumps(body).encode()


def _token(payload: bytes) -> bytes:
    return b"e." + base64.urlsafe_b64encode(payload) + b".e"


SEEDS: Mapping[str, list[bytes]] = {
    "answers": list(_answers()),
    "errors": [
        b'{"msg": "no", "errors": {"a": [{"b": ["c"]}]}}',
        b"<html>",
        b'{"msg": "\\u001b[2J"}',
        b'{"errors": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
    "messages": [b"QUJD$QUJDREVGR0hJSktMTU5PUA==$QUJD", b"$$", b"a$b$c$d", b"\xb2$\xb2$\xb2"],
    "blobs": [b"QUJD$QUJDREVGR0hJSktMTU5PUA==$abc", b"QUJD" * 20, b"$" * 20],
    "keys": [b"LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0K", b"====", b"\xb2"],
    "events": [
        b'\x00"you joined room <collaboration_1>"',
        b'\x01{"id": 1, "parent_id": null}',
        b'\x02{"run_id": 1, "task_id": 1, "status": "active", "organization_id": 3}',
        b'\x04{"run_id": 1, "task_id": 1, "log": "line"}',
        b'\x07{"kill_list": [{"task_id": 1, "run_id": 2}]}',
        b'\x00"joined room <collaboration_' + b"9" * 5000 + b'>"',
    ],
    "tokens": [
        _token(b'{"sub": 7, "iat": 1, "exp": 3600}'),
        _token(b'{"sub": true, "iat": 1e999, "exp": NaN}'),
        _token(b'{"sub": 7, "iat": 1, "exp": 1' + b"0" * 400 + b"}"),
        _token(b"[" * 100_000),
        "a.²é.c".encode(),
        b"a\nb.c.d",
    ],
    "headers": [
        *(b"120", b"Wed, 21 Oct 2015 07:28:00 GMT"),
        *(b"\xb2", b"9" * 5000, b"Mon, 99 Foo 99999", b"2\x1f\x1f"),
    ],
    "texts": [b"plain", "\x1b[31m\u202e\u2028".encode(), b"\xed\xa0\x80", b"a\r\nb\x85c"],
}  # fmt: skip
