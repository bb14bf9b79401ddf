"""Test messages and tasks between this client and the official package, both ways.

The local network's environment has the official client, since algorithms use a part of it.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.official_surface import OFFICIAL_NAMES
from tests.support.paths import ROOT, VECTORS_KEY
from vantage6.client._encryption.base64 import decode, encode
from vantage6.client._encryption.cipher import Decryptor, Encryptor, decrypt, encrypt
from vantage6.client._encryption.keys import load_private_key, public_key_of
from vantage6.localnet import LocalNetwork
from vantage6.localnet._environment import environment_python

pytestmark = pytest.mark.live

KEY = load_private_key(VECTORS_KEY.read_bytes())
PUBLIC_KEY = public_key_of(KEY)

LARGE = 100 * 2**20
PAYLOADS = {
    "json": b'{"sum": 2645.0, "count": 45, "name": "\\u00e9t\\u00e9"}',
    "binary": bytes(range(256)),
    "empty": b"",
    "one-byte": b"x",
    "like-base64": b"bnVsbA==",
    "dollars": b"$" * 100,
}


class Official:
    """The official package in a process of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin
        assert process.stdout
        self._requests, self._answers = process.stdin, process.stdout

    def ask(self, call: str, data: bytes = b"", **arguments: Any) -> bytes:
        """Call one of the functions in `official.py`."""
        request = {"call": call, "size": len(data), **arguments}
        self._requests.write(json.dumps(request).encode() + b"\n")
        self._requests.write(data)
        self._requests.flush()
        answer = json.loads(self._answers.readline())
        body = self._answers.read(answer["size"])
        assert "error" not in answer, answer["error"]
        return body


@contextmanager
def official_process(version: str = "4.15.2") -> Iterator[Official]:
    program = ROOT / "tests/support/official_package.py"
    # Isolated (-I): not even a PYTHONPATH may lead it to this client.
    command = [environment_python(version), "-I", program, VECTORS_KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Official(process)


@pytest.fixture(scope="module", params=["4.15.2", "5.0.3"])
def official(request: pytest.FixtureRequest) -> Iterator[Official]:
    with official_process(request.param) as official:
        yield official


def blob_of(data: bytes) -> bytes:
    encryptor = Encryptor(PUBLIC_KEY)
    return encryptor.head.encode() + encryptor.update(data)


def opened_blob(message: bytes) -> bytes:
    decryptor = Decryptor(KEY)
    data = decryptor.update(message)
    decryptor.finish()
    return data


def check_both_ways(official: Official, data: bytes) -> None:
    # Inline, in encrypted collaborations.
    assert decrypt(official.ask("encrypt", data, to=PUBLIC_KEY).decode(), KEY) == data
    assert official.ask("decrypt_by_steps", encrypt(data, PUBLIC_KEY).encode()) == data
    # In the blob store, as the client does it and as nodes do it.
    for call in "encrypt_blob", "encrypt_stream":
        assert opened_blob(official.ask(call, data, to=PUBLIC_KEY)) == data
    for call in "decrypt_blob", "decrypt_stream":
        assert official.ask(call, blob_of(data)) == data
    # Without encryption.
    assert decode(official.ask("encode", data).decode()) == data
    assert official.ask("decode", encode(data).encode()) == data


@pytest.mark.parametrize("data", PAYLOADS.values(), ids=PAYLOADS)
def test_payloads_round_trip_both_ways(official: Official, data: bytes) -> None:
    check_both_ways(official, data)


@settings(max_examples=50, deadline=None)
@given(data=st.binary())
def test_any_bytes_round_trip_both_ways(official: Official, data: bytes) -> None:
    check_both_ways(official, data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=50, deadline=None)
@given(value=JSON)
def test_official_client_and_nodes_read_any_json(official: Official, value: object) -> None:
    data = json.dumps(value).encode()
    assert official.ask("decrypt", encrypt(data, PUBLIC_KEY).encode()) == data


def test_hundred_mebibytes_round_trip_both_ways(official: Official) -> None:
    data = os.urandom(LARGE)
    assert decrypt(official.ask("encrypt", data, to=PUBLIC_KEY).decode(), KEY) == data
    assert official.ask("decrypt_by_steps", encrypt(data, PUBLIC_KEY).encode()) == data


def test_public_keys_have_the_same_format(official: Official) -> None:
    assert official.ask("public_key").decode() == PUBLIC_KEY


# -- whole tasks -----------------------------------------------------------------------------------
TASK: dict[str, Any] = {
    "collaboration": 1,
    "organizations": [1, 2, 3],
    "name": "average",
    "image": "harbor2.vantage6.ai/demo/average",
    "description": "",
    "input_": {"method": "partial_average", "kwargs": {"column_name": "age"}},
    "databases": [{"label": "default"}],
}


@pytest.fixture(params=["network", "encrypted_network"])
def either_network(request: pytest.FixtureRequest) -> LocalNetwork:
    return cast(LocalNetwork, request.getfixturevalue(request.param))


def access(network: LocalNetwork) -> dict[str, object]:
    """Return what the official client needs to log in."""
    user = network.users["researcher"]
    who = network.client().whoami
    key = network.private_keys.get(who.organization_id)
    return {
        "host": "http://127.0.0.1",
        "port": network.port,
        "api_path": "/api",
        "username": user.username,
        "password": user.password,
        "private_key": str(key) if key else None,
    }


def test_each_client_reads_tasks_of_the_other(either_network: LocalNetwork) -> None:
    client = either_network.client()
    ours = client.task.create(**TASK)
    results = [row["result"] for row in client.wait_for_results(ours["id"], timeout=60)["data"]]
    with official_process() as official:  # each process has one key only
        to = access(either_network)
        theirs = json.loads(official.ask("run_task", network=to, task=TASK))
        of_ours = json.loads(official.ask("results_of", network=to, task_id=ours["id"]))
    assert sorted(of_ours) == sorted(theirs["results"]) == sorted(results)  # they keep no order
    assert [row["result"] for row in client.result.from_task(theirs["id"])] == results
    own = client.whoami.organization_id
    for task_id in theirs["id"], ours["id"]:
        (run,) = client.run.list(task=task_id, organization=own)
        assert json.loads(run["input"] or "") == TASK["input_"]


def test_names_of_the_official_package_are_recorded() -> None:
    program = ROOT / "tests/support/official_names.py"
    command = [environment_python("4.15.2"), "-I", program]
    done = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(done.stdout) == OFFICIAL_NAMES
