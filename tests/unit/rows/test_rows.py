"""Test rows as list and as page, their selection and their pages."""

import json
import pickle
from datetime import date, datetime
from typing import Any, cast

import pytest

from vantage6.bindings.server.rows import PageLinks
from vantage6.client import InvalidInputError, Rows
from vantage6.client._rows.pages import SMALL_PAGE_BYTES, Pages, check_page
from vantage6.client._rows.selection import Selection, check_period

LINKS: PageLinks = {"first": "/x?page=1", "self": "/x?page=1"}
PEOPLE = [
    {"id": 1, "name": "Ada", "country": "UK"},
    {"id": 2, "name": "Grace", "country": "US"},
    {"id": 3, "name": "Ada", "country": "NL"},
]


def rows(total: int | None = None) -> Rows[dict[str, Any]]:
    return Rows(PEOPLE, LINKS, total)


def test_rows_are_a_list_and_a_page_dict() -> None:
    people = rows()
    assert isinstance(people, list)
    assert people == PEOPLE
    assert people["data"][1]["name"] == people[1]["name"] == "Grace"
    assert people["links"] == LINKS
    assert people[1:] == PEOPLE[1:]
    assert people.total == 3
    assert json.loads(json.dumps(people)) == PEOPLE


def test_rows_answer_as_the_dict_that_the_official_client_returns() -> None:
    people: Any = rows(total=9)
    official = {"data": people, "links": LINKS}
    assert dict(people) == {**people} == dict(people.items()) == official
    assert list(people.keys()) == ["data", "links"]
    assert list(people.values()) == [PEOPLE, LINKS]
    assert people.get("data", []) is people
    assert people.get("links") == LINKS
    assert people.get("msg") is None
    assert people.get("msg", "?") == "?"
    assert "data" in people
    assert "msg" not in people
    assert PEOPLE[0] in people
    assert people.pop("links") == LINKS
    assert people.pop("msg", None) is None
    assert (people.copy(), people.copy().total, type(people.copy())) == (PEOPLE, 9, Rows)
    people["data"] = [row for row in people["data"] if row["name"] == "Ada"]
    people["links"] = {}
    assert (people, people.links) == ([PEOPLE[0], PEOPLE[2]], {})
    assert people.pop() == PEOPLE[2]


def test_what_cannot_be_both_is_that_of_a_list() -> None:
    people: Any = rows()
    assert not isinstance(people, dict)
    assert len(people) == len(list(people)) == 3
    assert json.loads(json.dumps(people)) == PEOPLE
    assert people != {"data": PEOPLE, "links": LINKS}
    with pytest.raises(TypeError):
        del people["links"]
    with pytest.raises(TypeError):
        people["msg"] = "x"


def test_wrong_key_is_a_key_error_and_names_valid_keys() -> None:
    with pytest.raises(KeyError, match=r"the first row, use rows\[0\]\['result'\]"):
        cast("Any", rows())["result"]
    with pytest.raises(TypeError):
        cast("Any", rows())[1.5]


def test_rows_are_pickled_with_their_links() -> None:
    twin = pickle.loads(pickle.dumps(rows(total=9)))  # noqa: S301 - our own bytes
    assert (list(twin), twin.links, twin.total) == (PEOPLE, LINKS, 9)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), PEOPLE),
        (Selection(field="name"), [{"name": "Ada"}, {"name": "Grace"}, {"name": "Ada"}]),
        (Selection(fields=("id", "nothing")), [{"id": 1}, {"id": 2}, {"id": 3}]),
        (Selection(filter_=("name", "Ada")), [PEOPLE[0], PEOPLE[2]]),
        (Selection(filters=[("name", "Ada"), ("country", "NL")]), [PEOPLE[2]]),
        (Selection(filter_=("name", "Ada"), filters=[("country", "UK")]), [PEOPLE[0]]),
        (Selection(field="id", filter_=("name", "Ada")), [{"id": 1}, {"id": 3}]),
    ],
)
def test_rows_and_fields_are_selected(selection: Selection, expected: list[dict[str, Any]]) -> None:
    assert selection.of_rows(rows()) == expected


def test_total_counts_selected_rows_if_all_are_known() -> None:
    ada = Selection(filter_=("name", "Ada"))
    assert ada.of_rows(rows()).total == 2
    assert ada.of_rows(rows(total=50)).total == 50


def test_fields_and_filters_from_a_generator_are_kept() -> None:
    selection = Selection(fields=(name for name in ["id"]), filters=iter([("name", "Ada")]))  # type: ignore[arg-type]  # scripts are not checked
    for _ in range(2):
        assert selection.of_rows(rows()) == Selection("id", None, ("name", "Ada")).of_rows(rows())


def test_filtering_does_not_change_the_rows() -> None:
    people = rows()
    Selection(field="id", filter_=("name", "Ada")).of_rows(people)
    assert people == PEOPLE


@pytest.mark.parametrize(
    "wrong",
    [
        {"fields": "name"},
        {"fields": 3},
        {"fields": [3]},
        {"field": ["name"]},
        {"fields": {"name": 1}},
        {"filter_": "name"},
        {"filters": [("name",)]},
        {"filters": "name"},
        {"filters": {"name": "Ada"}},
    ],
)
def test_invalid_selections_are_rejected(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        Selection(**wrong)


MORE: PageLinks = {"first": "a", "self": "a", "next": "b", "last": "b"}


@pytest.mark.parametrize("number", [0, -1, "2", 1.5, True])
def test_invalid_page_numbers_are_rejected(number: Any) -> None:
    check_page(1, 250)
    check_page(None, None)
    for page in ((number, None), (None, number)):
        with pytest.raises(
            InvalidInputError, match=f"page: expected a whole number.*got {number!r}"
        ):
            check_page(*page)


def test_period_consists_of_two_times() -> None:
    for ends in (("2026-11-26", None), (None, "2026-11-26T12:00:00")):
        assert check_period("started", cast("Any", ends)) == ends
    days = date(2026, 11, 26), datetime(2026, 11, 27, 12)
    assert check_period("started", cast("Any", days)) == ("2026-11-26", "2026-11-27 12:00:00")
    assert check_period("started", None) == (None, None)
    for wrong in ("2026-11-26", ("2026-11-26",), 3, {"2026-11-26", "2026-11-27"}):
        with pytest.raises(
            InvalidInputError, match="started: expected the first and the last time"
        ):
            check_period("started", cast("Any", wrong))
    for time in ("yesterday", "", 3):
        with pytest.raises(InvalidInputError, match=f"started: expected a time.*, got {time!r}"):
            check_period("started", cast("Any", (None, time)))


def test_endless_pages_are_noticed() -> None:
    pages = Pages[Any](1000, 250)
    assert not pages.add({"data": PEOPLE, "links": MORE}, b"1")
    assert "no new row" in str(pages.add({"data": PEOPLE[:1], "links": MORE}, b"1"))
    assert "1000 bytes" in str(pages.add({"data": [{"id": 99}], "links": MORE}, bytes(999)))


def test_row_moved_between_pages_appears_once() -> None:
    pages = Pages[Any](1000, 250)
    assert not pages.add({"data": PEOPLE[:2], "links": MORE}, bytes(600))
    assert pages.has_more
    assert not pages.add({"data": PEOPLE[1:], "links": {"first": "a", "self": "b"}}, bytes(400))
    assert not pages.has_more
    joined = pages.rows()
    assert joined == PEOPLE
    assert joined.total == 3
    assert "next" not in joined.links, "a loop over pages ends here"


@pytest.mark.parametrize(
    ("total", "size", "asked"),
    [
        (0, 100, [(1, 250)]),
        (250, 100, [(1, 250)]),
        (600, 100, [(1, 250), (2, 250), (2, 500)]),
        (5000, 1, [(1, 250), (2, 250), (2, 500), *((number, 1000) for number in range(2, 6))]),
        (1200, SMALL_PAGE_BYTES // 100, [(number, 250) for number in range(1, 6)]),
    ],
)
def test_small_pages_grow_without_missing_rows(
    total: int, size: int, asked: list[tuple[int, int]]
) -> None:
    pages = Pages[Any](1 << 30, 250)
    seen: list[tuple[int, int]] = []
    while pages.has_more:
        seen.append((pages.number, pages.per_page))
        begins, ends = (pages.number - 1) * pages.per_page, pages.number * pages.per_page
        links = {"first": "", "self": ""} | ({"next": ""} if ends < total else {})
        rows = [{"id": id_} for id_ in range(begins, min(ends, total))]
        assert pages.add({"data": rows, "links": links}, bytes(size * len(rows))) is None  # type: ignore[typeddict-item]
    assert seen == asked
    assert [row["id"] for row in pages.rows()] == list(range(total))
