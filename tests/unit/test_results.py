"""Results and inputs become the text that was sent, or an error that names the run."""

import base64
import pickle
from typing import Any

import pytest

from vantage6.bindings.server.rows import PageLinks
from vantage6.client import DecryptionError, InvalidInput, ResultRows
from vantage6.client._crypto import encrypt, generate_private_key, public_key_of
from vantage6.client._results import open_input, open_result, open_results, output_of

OURS, THEIRS = generate_private_key(2048), generate_private_key(2048)
LINKS: PageLinks = {"first": "", "self": ""}


def plain(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(text: str, key: Any = OURS) -> str:
    return encrypt(text.encode(), public_key_of(key))


def result(run_id: int, value: str | None, *, in_blob: bool = False) -> Any:
    reference = {"id": run_id, "link": "", "methods": []}
    return {"id": run_id, "run": reference, "result": value, "blob_storage_used": in_blob}


def run(value: str | None, organization: int = 1) -> Any:
    reference = {"id": organization, "link": "", "methods": []}
    return {"id": 5, "input": value, "organization": reference, "blob_storage_used": False}


def test_results_are_the_text_that_the_algorithm_wrote() -> None:
    assert open_result(result(1, plain('{"a": 1}')), None)["result"] == '{"a": 1}'
    assert open_result(result(1, secret('{"a": 1}')), OURS)["result"] == '{"a": 1}'
    assert open_result(result(1, plain("null")), OURS)["result"] == "null"
    assert open_result(result(1, None), OURS)["result"] is None


def test_the_empty_text_of_a_crashed_run_is_no_result() -> None:
    assert open_result(result(1, ""), None)["result"] is None
    assert open_result(result(1, secret("")), OURS)["result"] is None


@pytest.mark.parametrize(
    ("row", "key", "hint"),
    [
        (result(8, secret("x", THEIRS)), OURS, "another key"),
        (result(8, secret("x")), None, "setup_encryption"),
        (result(8, "not base64!"), OURS, "base64"),
        (result(8, base64.b64encode(b"\xff\xfe").decode()), None, "not text"),
        (result(8, "0b0e", in_blob=True), OURS, "blob store"),
    ],
)
def test_an_unreadable_result_names_its_run(row: Any, key: Any, hint: str) -> None:
    with pytest.raises(DecryptionError, match=rf"run 8.*{hint}") as caught:
        open_result(row, key)
    assert caught.value.run_ids == [8]


def test_an_output_is_the_value_that_the_algorithm_returned() -> None:
    assert output_of(result(1, '{"a": [1, null, "x"]}')) == {"a": [1, None, "x"]}
    assert output_of(result(1, "null")) is None
    assert output_of(result(1, None)) is None


@pytest.mark.parametrize("text", ['{"a": 1', "hello", "[" * 100_000])
def test_an_output_that_is_not_json_names_its_run(text: str) -> None:
    with pytest.raises(DecryptionError, match=r"run 3 is not JSON") as caught:
        output_of(result(3, text))
    assert caught.value.run_ids == [3]


def test_one_unreadable_result_does_not_lose_the_others() -> None:
    rows: Any = ResultRows(
        [result(1, secret("1")), result(2, secret("2", THEIRS)), result(3, None)], LINKS
    )
    with pytest.raises(DecryptionError) as caught:
        open_results(rows, OURS)
    assert caught.value.run_ids == [2]
    assert caught.value.results is not None
    assert [row["result"] for row in caught.value.results] == ["1", None, None]


def test_inputs_are_opened_where_they_are_ours() -> None:
    assert open_input(run(plain("{}"), organization=2), None, 1)["input"] == "{}"
    assert open_input(run(secret("{}")), OURS, 1)["input"] == "{}"
    assert open_input(run(None), OURS, 1)["input"] is None


def test_inputs_stay_closed_where_they_are_not_ours_or_there_is_no_key() -> None:
    sealed = secret("{}", THEIRS)
    assert open_input(run(sealed, organization=2), OURS, 1)["input"] == sealed
    assert open_input(run(sealed), None, 1)["input"] == sealed


def test_an_input_of_ours_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(DecryptionError, match="input of run 5"):
        open_input(run(secret("{}", THEIRS)), OURS, 1)


def test_rows_of_servers_without_blob_storage_are_read() -> None:
    old_result, old_run = result(5, plain("7")), run(plain("{}"))
    del old_result["blob_storage_used"], old_run["blob_storage_used"]
    assert open_result(old_result, None)["result"] == "7"
    assert open_input(old_run, None, 1)["input"] == "{}"


# -- what is made of them --------------------------------------------------------------------
def opened(*texts: str | None, organizations: dict[int, str] | None = None) -> ResultRows:
    rows = [result(number, text) for number, text in enumerate(texts, 1)]
    return ResultRows(rows, LINKS, organizations=organizations)


def test_outputs_are_decoded_by_position_and_by_organization() -> None:
    rows = opened('{"n": 1}', None, "[2]", organizations={1: "IKNL", 2: "Maastro", 3: "VUmc"})
    assert rows.outputs == [{"n": 1}, None, [2]]
    assert rows.by_organization == {"IKNL": {"n": 1}, "Maastro": None, "VUmc": [2]}
    assert rows[1:].by_organization == {"Maastro": None, "VUmc": [2]}
    twin = pickle.loads(pickle.dumps(rows))  # noqa: S301 - our own bytes
    assert twin.by_organization == rows.by_organization


def test_no_output_is_lost_where_organizations_share_a_name_or_have_none() -> None:
    rows = opened("1", "2", "3", "4", organizations={1: "IKNL", 2: "IKNL", 3: "VUmc"})
    assert rows.by_organization == {
        "IKNL (run 1)": 1,
        "IKNL (run 2)": 2,
        "VUmc": 3,
        "(run 4)": 4,
    }


def test_results_show_where_they_are_from() -> None:
    rows = opened('{"n": 1}', None, organizations={1: "IKNL", 2: "Maastro"})
    lines = str(rows).splitlines()
    assert lines[0].split() == ["organization", "run", "result"]
    assert lines[2].split(maxsplit=2) == ["IKNL", "1", '{"n": 1}']
    assert "organization" not in rows[0], "the rows stay as they came"
    assert str(opened("1")).splitlines()[0].split() == ["run", "result"]


def test_records_are_lines_of_a_data_frame() -> None:
    where = {1: "IKNL", 2: "Maastro", 3: "VUmc"}
    frame = opened('{"n": 1}', None, '[{"n": 2}, {"m": {"x": 3}}]', organizations=where).to_pandas()
    assert frame.index.tolist() == ["IKNL", "VUmc", "VUmc"]
    assert frame.index.name == "organization"
    assert frame.columns.tolist() == ["n", "m.x"]
    assert frame["n"].dropna().tolist() == [1, 2]


def test_what_is_no_record_is_no_line() -> None:
    with pytest.raises(InvalidInput, match=r"Maastro .* 2\.5; use \.outputs"):
        opened('{"n": 1}', "2.5", organizations={1: "IKNL", 2: "Maastro"}).to_pandas()
