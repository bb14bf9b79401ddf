"""Test that results and inputs become text, or an error that names the run."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wrong_key import undecryptable
from vantage6.bindings.server.rows import PageLinks
from vantage6.client import DecryptionError, ResultRows, Rows
from vantage6.client._auth.identity import WhoAmI
from vantage6.client._encryption.blobs import Blob
from vantage6.client._encryption.cipher import decrypt, encrypt
from vantage6.client._encryption.keys import generate_private_key, public_key_of
from vantage6.client._tasks.decoding import (
    MAX_CHECKED_CHARS,
    Reader,
    open_input,
    open_inputs,
    open_result,
    open_result_bytes,
    open_results,
)

OURS, THEIRS = generate_private_key(2048), generate_private_key(2048)
WHO = WhoAmI("user", 4, "Ada", "IKNL", 1)
NOBODY, US = Reader(WHO, None), Reader(WHO, OURS)
LINKS: PageLinks = {"first": "", "self": ""}


def plain(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(text: str, key: Any = OURS) -> str:
    return encrypt(text.encode(), public_key_of(key))


def theirs() -> str:
    """Make a message for another key that ours does not open."""
    return undecryptable(lambda: secret("x", THEIRS), lambda message: decrypt(message, OURS))


def result(run_id: int, value: str | None, *, in_blob: bool = False) -> Any:
    reference = {"id": run_id, "link": "", "methods": []}
    return {"id": run_id, "run": reference, "result": value, "blob_storage_used": in_blob}


def run(value: str | None, organization: int = 1) -> Any:
    reference = {"id": organization, "link": "", "methods": []}
    return {"id": 5, "input": value, "organization": reference, "blob_storage_used": False}


def altered(message: str, position: int = -2) -> str:
    """Turn a bit of a character's code, in the ciphertext."""
    wrapped_key, iv, ciphertext = message.split("$")
    data = bytearray(base64.b64decode(ciphertext))
    data[position] ^= 0x80
    return "$".join([wrapped_key, iv, base64.b64encode(data).decode()])


def cut(message: str, characters: int = 4) -> str:
    return message[:-characters]


def test_results_are_the_algorithms_text() -> None:
    assert open_result(result(1, plain('{"a": 1}')), NOBODY)["result"] == '{"a": 1}'
    assert open_result(result(1, secret('{"a": 1}')), US)["result"] == '{"a": 1}'
    assert open_result(result(1, plain("null")), US)["result"] == "null"
    assert open_result(result(1, plain("plain words")), US)["result"] == "plain words"
    assert open_result(result(1, None), US)["result"] is None


def test_empty_text_of_crashed_run_is_not_a_result() -> None:
    assert open_result(result(1, ""), NOBODY)["result"] is None
    assert open_result(result(1, secret("")), US)["result"] is None
    assert open_result_bytes(result(1, secret("")), US) is None


LONG = "x" * MAX_CHECKED_CHARS


@pytest.mark.parametrize(
    "value", [{"a": 1.5, "b": ["é", "x"]}, [1, {}], "word", 12.5, None, {"a": LONG}, [LONG], LONG]
)
def test_any_json_round_trips(value: object) -> None:
    text = f" {json.dumps(value)}\n"
    assert open_result(result(1, secret(text)), US)["result"] == text


def test_deeply_nested_json_is_returned_unparsed() -> None:
    text = "[" * 100_000 + "]" * 100_000
    assert open_result(result(1, secret(text)), US)["result"] == text


ONE = '{"one": 1}'


@pytest.mark.parametrize(
    ("row", "reader", "hint"),
    [
        (
            result(8, theirs()),
            US,
            r"IKNL \(organization 1\): .*a key other than SHA256:",
        ),
        (result(8, secret("x")), NOBODY, "setup_encryption"),
        (result(8, "not base64!"), US, "base64"),
        (
            result(8, base64.b64encode(b"\xff\xfe").decode()),
            NOBODY,
            r"expected text.*get_bytes\(8\)",
        ),
        (
            result(8, altered(secret(ONE))),
            US,
            r"expected text.* truncated or altered.*get_bytes\(8\)",
        ),
        (result(8, cut(secret(ONE))), US, "expected JSON.* truncated or altered"),
        (result(8, cut(secret(json.dumps([LONG])))), US, "expected JSON.* truncated"),
        (result(8, cut(secret(ONE), 3)), US, "expected base64"),
        (result(8, "AAAA" + secret(ONE)[4:]), US, "a key other than .* or is damaged"),
    ],
)
def test_unreadable_result_names_its_run(row: Any, reader: Reader, hint: str) -> None:
    with pytest.raises(DecryptionError, match=rf"run 8.*{hint}") as caught:
        open_result(row, reader)
    assert caught.value.run_ids == [8]


def test_result_is_read_from_the_blob_store() -> None:
    lies = result(8, "0b0e", in_blob=True)
    reader = Reader(WHO, OURS, {"0b0e": Blob(ONE.encode(), True), "other": Blob(b"{}", True)})
    assert open_result(lies, reader)["result"] == ONE
    assert reader.blobs.keys() == {"other"}, "not kept twice"
    assert open_result(result(8, None, in_blob=True), reader)["result"] is None
    for data, hint in (
        (DecryptionError("another key"), r"IKNL \(organization 1\): another key"),
        (b"\xff", r"expected text.* truncated or altered"),
        (b'{"one": ', "expected JSON"),
    ):
        with pytest.raises(DecryptionError, match=rf"run 8.*{hint}"):
            open_result(lies, Reader(WHO, OURS, {"0b0e": Blob(data, True)}))


@given(st.binary(min_size=1))
def test_bytes_are_returned_unchanged(data: bytes) -> None:
    sealed = encrypt(data, public_key_of(OURS))
    assert open_result_bytes(result(1, sealed), US) == data
    assert open_result_bytes(result(1, base64.b64encode(data).decode()), NOBODY) == data


def test_undecryptable_bytes_name_their_run() -> None:
    with pytest.raises(DecryptionError, match=r"run 8.*IKNL.*SHA256:") as caught:
        open_result_bytes(result(8, theirs()), US)
    assert caught.value.run_ids == [8]


def test_unreadable_result_does_not_lose_others() -> None:
    values = [secret("1"), theirs(), None, altered(secret(ONE)), plain("5")]
    rows: Any = ResultRows([result(index, value) for index, value in enumerate(values)], LINKS)
    with pytest.raises(DecryptionError, match=r"run 1: .*; .*run 3: ") as caught:
        open_results(rows, US)
    assert caught.value.run_ids == [1, 3]
    assert caught.value.results is not None
    assert [row["result"] for row in caught.value.results] == ["1", None, None, None, "5"]


def test_own_inputs_are_decrypted() -> None:
    assert open_input(run(plain("{}"), organization=2), NOBODY)["input"] == "{}"
    assert open_input(run(secret("{}")), US)["input"] == "{}"
    assert open_input(run(None), US)["input"] is None


def test_other_inputs_stay_encrypted() -> None:
    sealed = secret("{}", THEIRS)
    assert open_input(run(sealed, organization=2), US)["input"] == sealed
    assert open_input(run(sealed), NOBODY)["input"] == sealed


@pytest.mark.parametrize("value", [theirs(), altered(secret("{}")), cut(secret(ONE))])
def test_unreadable_own_input_is_an_error(value: str) -> None:
    with pytest.raises(DecryptionError, match="input of run 5") as caught:
        open_input(run(value), US)
    assert caught.value.run_ids == [5]


def test_unreadable_input_does_not_lose_other_runs() -> None:
    rows: Any = Rows([run(secret("1")), run(theirs()), run(plain("3"))], LINKS)
    with pytest.raises(DecryptionError, match="input of run 5") as caught:
        open_inputs(rows, US)
    assert caught.value.runs is not None
    assert [row["input"] for row in caught.value.runs] == ["1", None, "3"]


def test_rows_of_servers_without_blob_store_are_read() -> None:
    old_result, old_run = result(5, plain("7")), run(plain("{}"))
    del old_result["blob_storage_used"], old_run["blob_storage_used"]
    assert open_result(old_result, NOBODY)["result"] == "7"
    assert open_result_bytes(old_result, NOBODY) == b"7"
    assert open_input(old_run, NOBODY)["input"] == "{}"
