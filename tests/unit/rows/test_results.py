"""Test outputs of results: decoded, by organization, as a data frame."""

import pickle
from typing import Any

import pandas as pd
import pytest

from vantage6.bindings.server.rows import PageLinks
from vantage6.client import DecryptionError, Finished, InvalidInputError, ResultRows
from vantage6.client._rows.results import output_of

LINKS: PageLinks = {"first": "", "self": ""}


def result(run_id: int, value: str | None) -> Any:
    reference = {"id": run_id, "link": "", "methods": []}
    return {"id": run_id, "run": reference, "result": value, "blob_storage_used": False}


def test_output_is_the_algorithms_value() -> None:
    assert output_of(result(1, '{"a": [1, null, "x"]}')) == {"a": [1, None, "x"]}
    assert output_of(result(1, "null")) is None
    assert output_of(result(1, None)) is None


@pytest.mark.parametrize("text", ['{"a": 1', "hello", "[" * 100_000])
def test_output_without_json_names_its_run(text: str) -> None:
    with pytest.raises(DecryptionError, match=r"run 3: expected JSON") as caught:
        output_of(result(3, text))
    assert caught.value.run_ids == [3]


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


def test_memory_of_decoded_outputs_is_limited() -> None:
    text = f"[{','.join(['{}'] * 1000)}]"
    rows = ResultRows([result(1, text), result(2, text)], LINKS, max_bytes=400_000)
    with pytest.raises(DecryptionError, match=r"run 2: .*400000 bytes.*max_response") as caught:
        _ = rows.outputs
    assert caught.value.run_ids == [2]
    assert len(rows[:1].outputs[0]) == 1000
    with pytest.raises(DecryptionError, match="run 2"):
        _ = pickle.loads(pickle.dumps(rows)).by_organization  # noqa: S301 - our own bytes


def test_outputs_of_organizations_with_same_or_no_name() -> None:
    rows = opened("1", "2", "3", "4", organizations={1: "IKNL", 2: "IKNL", 3: "VUmc"})
    assert rows.by_organization == {
        "IKNL (run 1)": 1,
        "IKNL (run 2)": 2,
        "VUmc": 3,
        "(run 4)": 4,
    }


def test_repr_of_finished_task_omits_results() -> None:
    done = Finished(4, "completed", ResultRows([result(7, "[" + "1," * 999 + "1]")], LINKS))
    assert repr(done) == "Finished(task_id=4, status='completed')"


def test_results_show_their_organization() -> None:
    rows = opened('{"n": 1}', None, organizations={1: "IKNL", 2: "Maastro"})
    lines = str(rows).splitlines()
    assert lines[0].split()[:4] == ["organization", "run", "result", "id"]
    assert lines[2].split(maxsplit=2)[:2] == ["IKNL", "1"]
    assert '{"n": 1}' in lines[2]
    assert "organization" not in rows[0], "the rows stay as they came"
    assert str(opened("1")).splitlines()[0].split()[:3] == ["run", "result", "id"]


def test_records_become_data_frame_rows() -> None:
    where = {1: "IKNL", 2: "Maastro", 3: "VUmc"}
    frame = opened('{"n": 1}', None, '[{"n": 2}, {"m": {"x": 3}}]', organizations=where).to_pandas()
    assert frame.index.tolist() == ["IKNL", "VUmc", "VUmc"]
    assert frame.index.name == "organization"
    assert frame.columns.tolist() == ["n", "m.x"]
    assert frame["n"].dropna().tolist() == [1, 2]


def test_values_that_are_not_records_are_rejected() -> None:
    with pytest.raises(InvalidInputError, match=r"Maastro: .* got 2\.5, .* Use \.outputs"):
        opened('{"n": 1}', "2.5", organizations={1: "IKNL", 2: "Maastro"}).to_pandas()
    with pytest.raises(InvalidInputError, match=r"expected a record or a list of records"):
        opened("[1, 2]", "2.5", organizations={1: "IKNL", 2: "Maastro"}).to_pandas()


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (["1", "2"], "int64", [1, 2]),
        (["1", None], "int64", [1]),
        (["2.5", "1"], "float64", [2.5, 1]),
        (["true", "false"], "bool", [True, False]),
        (['"a"', '"b"'], None, ["a", "b"]),
    ],
)
def test_single_values_become_a_column(
    values: list[str | None], dtype: str | None, expected: list[object]
) -> None:
    frame = opened(*values, organizations={1: "IKNL", 2: "Maastro"}).to_pandas()
    assert frame.columns.tolist() == ["result"]
    assert frame.index.tolist() == ["IKNL", "Maastro"][: len(expected)]
    assert frame["result"].tolist() == expected
    assert dtype is None or frame["result"].dtype == dtype


@pytest.mark.parametrize(
    ("first", "second", "dtype", "expected"),
    [
        ('{"a": 9007199254740993, "n": 1}', '{"n": 2}', "Int64", [9007199254740993, None]),
        ('{"a": 1}', '{"a": null}', "Int64", [1, None]),
        ('{"a": true}', "{}", "boolean", [True, None]),
        ('{"a": 1.5}', "{}", "float64", [1.5, None]),
        ('{"a": 9007199254740993}', '{"a": 0.5}', "object", [9007199254740993, 0.5]),
        ('{"a": 18446744073709551615}', "{}", "object", [18446744073709551615, None]),
    ],
)
def test_columns_with_gaps_keep_their_values(
    first: str, second: str, dtype: str, expected: list[object]
) -> None:
    column = opened(first, second, organizations={1: "IKNL", 2: "Maastro"}).to_pandas()["a"]
    assert column.dtype == dtype
    assert [None if pd.isna(value) else value for value in column.tolist()] == expected


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ('{"a.b": 1, "a": {"b": 2}}', "got two that are called 'a.b'"),
        ('{"a": {"b": 2}, "a.b": 1}', "got two that are called 'a.b'"),
        ('{"organization": "VUmc"}', "names other than 'organization'"),
    ],
)
def test_colliding_names_are_rejected(output: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        opened(output, organizations={1: "IKNL"}).to_pandas()


def test_index_of_a_data_frame_can_become_a_column() -> None:
    frame = opened("{}", '{"n": 1}', organizations={1: "IKNL", 2: "Maastro"}).to_pandas()
    assert frame.reset_index()["organization"].tolist() == ["IKNL", "Maastro"]
