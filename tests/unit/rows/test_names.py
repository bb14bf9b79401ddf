"""Test how names are resolved, and the errors for unknown and ambiguous ones."""

import pickle
import unicodedata
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage6.client import AmbiguousNameError, InvalidInputError, NameNotFoundError
from vantage6.client._rows.names import (
    NAMINGS,
    SERVER_KINDS,
    Directory,
    Scope,
    check_kind,
    describe_scope,
)
from vantage6.client._rows.references import id_of, references
from vantage6.client._utils.text import MAX_FOLDED


def organizations(*names: str) -> list[dict[str, Any]]:
    return [
        {"id": id_, "name": name, "country": "NL", "domain": f"{id_}.example"}
        for id_, name in enumerate(names, 1)
    ]


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("IKNL", 1),
        ("iknl", 2),  # exact before all else
        ("maastro", 3),
        ("MAASTRO", 3),
        ("100 % sure_thing", 4),
        ("GRÖẞE", 5),
        (unicodedata.normalize("NFD", "größe"), 5),
    ],
)
def test_exact_name_before_ignoring_case(name: str, id_: int) -> None:
    known = Directory(
        "organization", organizations("IKNL", "iknl", "Maastro", "100 % Sure_Thing", "Größe")
    )
    assert known.find(name)["id"] == id_
    with pytest.raises(AmbiguousNameError, match=r"id 1.*id 2"):
        known.find("Iknl ")  # nobody is called exactly so, and two are with case aside


def test_long_names_are_compared_without_normalization(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    normalize = unicodedata.normalize

    def measured(form: Any, text: str) -> str:
        lengths.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr("vantage6.client._utils.text.normalize", measured)
    long = "é" * (MAX_FOLDED + 1)
    known = Directory("organization", organizations("IKNL", long))
    assert known.find("iknl ")["id"] == 1
    assert known.find(long)["id"] == 2
    with pytest.raises(NameNotFoundError):
        known.find(long.upper())
    assert max(lengths) <= MAX_FOLDED


def test_unknown_name_suggests_the_nearest() -> None:
    known = Directory("organization", organizations("IKNL", "Maastro"), " in collaboration 1")
    with pytest.raises(NameNotFoundError) as caught:
        known.find("Mastro")
    assert str(caught.value) == (
        "organization 'Mastro': not found in collaboration 1. Did you mean 'Maastro' (id 2, "
        "country 'NL', domain '2.example')?"
    )
    assert (caught.value.kind, caught.value.name) == ("organization", "Mastro")
    assert [row["id"] for row in caught.value.candidates] == [2]
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


def test_unknown_name_lists_the_known_ones() -> None:
    known = Directory("collaboration", [{"id": 1, "name": "demo", "encrypted": False}])
    with pytest.raises(NameNotFoundError, match=r"Available: 'demo' \(id 1, encrypted false\)"):
        known.find("pancreas")
    with pytest.raises(NameNotFoundError, match="You can see no studies there"):
        Directory("study", []).find("adults")


def test_ambiguous_names_are_listed_up_to_a_limit() -> None:
    tasks = [
        {"id": id_, "name": "average", "status": "completed", "created_at": f"2026-11-{id_}"}
        for id_ in range(10, 30)
    ]
    with pytest.raises(AmbiguousNameError) as caught:
        Directory("task", tasks).find("average")
    message = str(caught.value)
    assert message.startswith(
        "task 'average': expected one match, got 20. Use an id: 'average' (id"
    )
    assert "created_at '2026-11-10'" in message
    assert message.endswith("and 15 more.")
    assert len(caught.value.candidates) == 20


def test_empty_fields_are_omitted_in_suggestions() -> None:
    rows = [{"id": 1, "name": "IKNL", "country": None, "domain": ""}]
    with pytest.raises(NameNotFoundError, match=r"Did you mean 'IKNL' \(id 1\)\?"):
        Directory("organization", rows).find("IKLN")


def test_names_in_errors_have_no_control_characters() -> None:
    with pytest.raises(NameNotFoundError) as caught:
        Directory("organization", organizations("\x1b[2Jevil")).find("\x1b[31mevil")
    assert "\x1b" not in str(caught.value)


def test_rules_are_found_by_several_fields() -> None:
    rules = [
        {"id": 1, "name": "task", "operation": "view", "scope": "organization"},
        {"id": 2, "name": "task", "operation": "view", "scope": "global"},
        {"id": 3, "name": "task", "operation": "create", "scope": "global"},
    ]
    known = Directory("rule", rules)
    assert known.find("task.view.global")["id"] == 2
    assert known.find("task.create")["id"] == 3
    with pytest.raises(AmbiguousNameError, match="scope 'organization'"):
        known.find("task.view")


def test_users_are_found_by_username_email_and_full_name() -> None:
    users = [
        {"id": 1, "username": "ada", "email": "a@x.example", "firstname": "Ada", "lastname": "King"}
    ]
    for name in ("ada", "a@x.example", "Ada King", "ada king"):
        assert Directory("user", users).find(name)["id"] == 1


def test_nodes_are_found_by_organization() -> None:
    nodes = [
        {"id": 4, "name": "demo - IKNL", "organization": {"id": 1}, "collaboration": {"id": 1}},
        {"id": 5, "name": None, "organization": {"id": 2}, "collaboration": {"id": 1}},
    ]
    known = Directory("node", nodes, owners={1: "IKNL", 2: "Maastro"})
    assert known.find("demo - IKNL")["id"] == 4
    assert known.find("IKNL")["id"] == 4
    assert known.find("Maastro")["id"] == 5


@given(st.lists(st.text(min_size=1), min_size=1, max_size=30, unique=True), st.data())
def test_every_name_finds_its_own_row(names: list[str], data: st.DataObject) -> None:
    rows = organizations(*names)
    row = data.draw(st.sampled_from(rows))
    assert Directory("organization", rows).find(row["name"]) is row


@given(st.lists(st.text(max_size=5), max_size=10), st.text(max_size=5))
def test_any_other_name_raises_our_errors(names: list[str], name: str) -> None:
    rows = organizations(*names)
    with suppress(NameNotFoundError, AmbiguousNameError):
        assert Directory("organization", rows).find(name) in rows


class Integer:
    def __index__(self) -> int:
        return 7


@pytest.mark.parametrize("ref", [7, Integer(), {"id": 7, "name": "x"}])
def test_id_is_used_unchanged(ref: Any) -> None:
    found = id_of(ref, "task")
    assert (found, type(found)) == (7, int)


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        (None, "task: expected an id, which is a whole number, got None"),
        (True, "task: expected an id, which is a whole number, got True"),
        (1.0, "task: expected an id, which is a whole number, got 1.0"),
        ({"name": "x"}, "task: expected a row with an 'id', got one with only 'name'"),
        ({}, "task: expected a row with an 'id', got an empty row"),
        ({"id": "7"}, "task: expected an id, which is a whole number, got '7'"),
        (-1, "task: expected an id of 1 or more, got -1"),
    ],
)
def test_invalid_id_is_rejected(ref: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        id_of(ref, "task")
    assert str(caught.value).startswith(reason)


def test_row_of_another_kind_refers_to_the_row_in_it() -> None:
    run = {"id": 5, "task": {"id": 7, "link": ""}, "node": {"id": 3}, "result": "7"}
    assert [id_of(run, word) for word in ("task", "node", "run")] == [7, 3, 5]
    task = {"id": 7, "algorithm_store": {"id": 2}, "collaboration": {"id": 1}, "study": None}
    assert [id_of(task, word) for word in ("task", "algorithm store", "collaboration")] == [7, 2, 1]
    with pytest.raises(InvalidInputError, match="study: expected a row that refers to one"):
        id_of(task, "study")


def test_single_reference_is_not_a_list() -> None:
    assert references(("IKNL", 2), "organizations") == ["IKNL", 2]
    for one in ("IKNL", {"id": 1}, 1):
        with pytest.raises(InvalidInputError, match="organizations: expected a list"):
            references(one, "organizations")  # type: ignore[arg-type]  # the mistake of a user


def test_unknown_kind_is_rejected() -> None:
    assert check_kind("study") == "study"
    assert "study" in SERVER_KINDS
    assert "algorithm" not in SERVER_KINDS
    with pytest.raises(
        InvalidInputError, match=r"kind: expected one of organization.*, got 'planet'"
    ):
        check_kind("planet")


def test_plurals_begin_like_the_words() -> None:
    assert all(naming.words.startswith(naming.word[:4]) for naming in NAMINGS.values())


def test_search_scope_is_described() -> None:
    assert describe_scope(None, None) == ""
    assert describe_scope(Scope("study", 3), None) == " in study 3"
    assert describe_scope(Scope("study", 3), "adults") == " in study 'adults' (id 3)"
