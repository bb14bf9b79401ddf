"""Test the body of a new task."""

import base64
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vantage6.client import EncryptionNotSetUpError, InvalidInputError, InvalidKeyError
from vantage6.client._backend.databases import Extraction, database_list
from vantage6.client._encryption.cipher import decrypt
from vantage6.client._encryption.keys import generate_private_key, public_key_of
from vantage6.client._tasks.request import (
    check_distinct,
    check_organizations,
    encrypted_inputs,
    plain_inputs,
    public_keys,
    task_input,
)

KEYS = {1: generate_private_key(2048), 2: generate_private_key(2048)}


def member(id_: int, public_key: str) -> Any:
    return {"id": id_, "name": f"organization {id_}", "public_key": public_key}


MEMBERS = [member(id_, public_key_of(key)) for id_, key in KEYS.items()]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, []),
        ("default", [{"label": "default"}]),
        ({"label": "default"}, [{"label": "default"}]),
        (["default", "other"], [{"label": "default"}, {"label": "other"}]),
        (Extraction("default", "read_csv"), [{"label": "default"}]),
        ([Extraction("a", "f", image="i", refresh=True), "b"], [{"label": "a"}, {"label": "b"}]),
        ([{"label": "default", "query": "SELECT 1"}], [{"label": "default", "query": "SELECT 1"}]),
    ],
)
def test_databases_are_accepted_in_every_form(given: Any, expected: list[dict[str, str]]) -> None:
    assert database_list(given) == expected


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ([{}], r"databases\[0\]: expected a label"),
        (["good", {"label": 3}], r"databases\[1\]: expected a label"),
        ([3], r"databases\[0\]: expected a label.*got a data frame, which servers 4.x lack: 3"),
        ([["patients"]], r"got a data frame.*Extraction\('default', method\) runs on both"),
        ([{"id": 5, "name": "patients", "session": {"id": 4}}], r"got a data frame"),
        ([{"type": "dataframe", "dataframe_id": 5}], r"got a data frame"),
        ({"id": 5, "name": "patients", "session": {"id": 4}}, r"got a data frame"),
        (3, r"databases: expected labels such as \['default'\], got 3"),
        ("my-data", "letters, digits and underscores"),
        ([{"label": "2nd"}], "letters, digits and underscores"),
    ],
)
def test_unusable_databases_are_rejected(given: Any, hint: str) -> None:
    with pytest.raises(InvalidInputError, match=hint):
        database_list(given)


@pytest.mark.parametrize("given", [None, 3, "IKNL", {"id": 1}, []])
def test_invalid_organizations_are_rejected(given: Any) -> None:
    with pytest.raises(InvalidInputError, match="organizations"):
        check_organizations(given)


def test_organizations_are_deduplicated() -> None:
    check_distinct([1, 2, 3])
    with pytest.raises(InvalidInputError, match="organization 1 twice"):
        check_distinct([1, 2, 1])


def test_input_or_method_describes_the_function() -> None:
    assert task_input({"method": "f"}, None, None, None) == {"method": "f"}
    assert task_input(None, "f", None, None) == {"method": "f"}
    assert task_input(None, "f", [1], {"x": 2}) == {"method": "f", "args": [1], "kwargs": {"x": 2}}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((None, None, None, None), "method: expected the name of a function, got None"),
        ((None, None, [1], None), "method: expected the name of a function, got None"),
        (({"method": "f"}, "f", None, None), "got both"),
        (({"method": "f"}, None, [1], None), "got both"),
        ((None, "f", "abc", None), r"^args: expected a list of arguments, got a str\."),
        ((None, "f", 3, None), "args: expected a list"),
        ((None, "f", {"a": 1}, None), "args: expected a list .*got a dict"),
        ((None, "f", pd.DataFrame({"a": [1]}), None), "args: expected a list .*got a DataFrame"),
        ((None, "f", pd.Series([1]), None), "args: expected a list .*got a Series"),
        ((None, "f", np.array([1]), None), "args: expected a list .*got a ndarray"),
        ((None, "f", iter([1]), None), "args: expected a list"),
        ((None, "f", None, {1: 2}), "kwargs: expected names of arguments as keys, got 1"),
        (({}, None, None, None), "input_.method: expected the name of a function, got None"),
        (({"method": "f", "args": None}, None, None, None), r"input_\.args: expected a list"),
        (({"method": "f", "kwargs": [1]}, None, None, None), r"input_\.kwargs: expected a dict"),
        (
            ({"method": "f", "arguments": {"a": 1}}, None, None, None),
            "got 'arguments'. `arguments` is the name in version 5; use `kwargs`",
        ),
        (({"method": "f", "kwarg": {"a": 1}}, None, None, None), "Did you mean 'kwargs'"),
        (({"Method": "f"}, None, None, None), "Did you mean 'method'"),
        (({"method": "f", "column": "age"}, None, None, None), r"in 'kwargs': \{'column': ...\}"),
        (({"method": "f", "master": True}, None, None, None), "option of version 3"),
        ((None, 3, None, None), "method: expected the name of a function, got 3"),
        ((None, "", None, None), "method: expected the name of a function, got ''"),
        (("f", None, None, None), "input_: expected a dict such as .* got a str"),
        ((None, "f", None, [1]), "kwargs: expected a dict"),
    ],
)
def test_invalid_function_descriptions_are_rejected(given: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        task_input(*given)


def test_plain_inputs_are_base64_in_requested_order() -> None:
    inputs = plain_inputs([2, 1], b"{}")
    assert [(row["id"], base64.b64decode(row["input"])) for row in inputs] == [
        (2, b"{}"),
        (1, b"{}"),
    ]  # pyright: ignore


def test_each_organization_can_read_only_its_input() -> None:
    inputs: Any = encrypted_inputs(public_keys([2, 1], MEMBERS), b"{}")
    assert [row["id"] for row in inputs] == [2, 1]
    assert [decrypt(row["input"], KEYS[row["id"]]) for row in inputs] == [b"{}", b"{}"]


def test_no_input_for_unknown_organizations_or_without_key() -> None:
    with pytest.raises(
        InvalidInputError,
        match=r"organization 9 .*1 \(organization 1\)",
    ):
        public_keys([9], MEMBERS)
    with pytest.raises(EncryptionNotSetUpError, match="organization 3"):
        public_keys([3], [member(3, "")])
    with pytest.raises(InvalidKeyError, match="organization 3"):
        public_keys([3], [member(3, "rubbish")])
