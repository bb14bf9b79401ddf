"""Lists answer in both forms, and filters look at every row."""

import json
import pickle
from datetime import date
from typing import Any, cast

import pytest

from vantage6.bindings.server.rows import PageLinks
from vantage6.client import InvalidInputError, Rows
from vantage6.client._listing import LIGHT_PAGE, Pages, Selection, check_page, period

LINKS: PageLinks = {"first": "/x?page=1", "self": "/x?page=1"}
PEOPLE = [
    {"id": 1, "name": "Ada", "country": "UK"},
    {"id": 2, "name": "Grace", "country": "US"},
    {"id": 3, "name": "Ada", "country": "NL"},
]


def rows(total: int | None = None) -> Rows[dict[str, Any]]:
    return Rows(PEOPLE, LINKS, total)


def test_rows_are_a_list_and_answer_as_the_servers_json() -> None:
    people = rows()
    assert isinstance(people, list)
    assert people == PEOPLE
    assert people["data"][1]["name"] == people[1]["name"] == "Grace"
    assert people["links"] == LINKS
    assert people[1:] == PEOPLE[1:]
    assert people.total == 3
    assert json.loads(json.dumps(people)) == PEOPLE


def test_a_wrong_key_fails_as_in_any_list_and_tells_what_there_is() -> None:
    with pytest.raises(TypeError, match=r"rows\[0\]\['result'\] is that of the first"):
        cast("Any", rows())["result"]
    with pytest.raises(TypeError):
        cast("Any", rows())[1.5]


def test_rows_can_be_pickled_with_their_links() -> None:
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
def test_rows_and_fields_are_kept_as_asked(
    selection: Selection, expected: list[dict[str, Any]]
) -> None:
    assert selection.of_rows(rows()) == expected


def test_the_total_counts_what_is_kept_only_where_all_rows_are_known() -> None:
    ada = Selection(filter_=("name", "Ada"))
    assert ada.of_rows(rows()).total == 2
    assert ada.of_rows(rows(total=50)).total == 50


def test_filtering_leaves_the_given_rows_alone() -> None:
    people = rows()
    Selection(field="id", filter_=("name", "Ada")).of_rows(people)
    assert people == PEOPLE


def test_a_filter_by_an_unknown_field_names_the_nearest() -> None:
    with pytest.raises(InvalidInputError, match=r"'nmae'.*name"):
        Selection(filter_=("nmae", "Ada")).of_rows(rows())
    nobody: Rows[dict[str, Any]] = Rows([], LINKS)
    assert Selection(filter_=("nmae", "Ada")).of_rows(nobody) == []


@pytest.mark.parametrize(
    "wrong", [{"fields": "name"}, {"filter_": "name"}, {"filters": [("name",)]}]
)
def test_selections_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        Selection(**wrong)


MORE: PageLinks = {"first": "a", "self": "a", "next": "b", "last": "b"}


@pytest.mark.parametrize("number", [0, -1, "2", 1.5, True])
def test_numbers_that_no_page_has_are_refused(number: Any) -> None:
    check_page(1, 250)
    check_page(None, None)
    for page in ((number, None), (None, number)):
        with pytest.raises(InvalidInputError, match=f"page must be a whole number.*not {number!r}"):
            check_page(*page)


def test_the_ends_of_a_period_are_times() -> None:
    for ends in (("2026-11-26", None), (None, "2026-11-26T12:00:00"), (date(2026, 11, 26), None)):
        assert period("started", cast("Any", ends)) == ends
    assert period("started", None) == (None, None)
    for wrong in ("2026-11-26", ("2026-11-26",), 3, {"2026-11-26", "2026-11-27"}):
        with pytest.raises(InvalidInputError, match="started takes the first and the last time"):
            period("started", cast("Any", wrong))
    for time in ("yesterday", "", 3):
        with pytest.raises(InvalidInputError, match=f"started: {time!r} is no time"):
            period("started", cast("Any", (None, time)))


def test_pages_that_never_end_are_noticed() -> None:
    pages = Pages[Any](1000, 250)
    assert not pages.add({"data": PEOPLE, "links": MORE}, 1)
    assert "no row that was not" in str(pages.add({"data": PEOPLE[:1], "links": MORE}, 1))
    assert "1000 bytes" in str(pages.add({"data": [{"id": 99}], "links": MORE}, 999))


def test_a_row_that_moved_between_pages_occurs_once() -> None:
    pages = Pages[Any](1000, 250)
    assert not pages.add({"data": PEOPLE[:2], "links": MORE}, 600)
    assert pages.has_more
    assert not pages.add({"data": PEOPLE[1:], "links": {"first": "a", "self": "b"}}, 400)
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
        (1200, LIGHT_PAGE // 100, [(number, 250) for number in range(1, 6)]),
    ],
)
def test_pages_grow_while_they_are_light_and_miss_nothing(
    total: int, size: int, asked: list[tuple[int, int]]
) -> None:
    pages = Pages[Any](1 << 30, 250)
    seen: list[tuple[int, int]] = []
    while pages.has_more:
        seen.append((pages.number, pages.per_page))
        begins, ends = (pages.number - 1) * pages.per_page, pages.number * pages.per_page
        links = {"first": "", "self": ""} | ({"next": ""} if ends < total else {})
        rows = [{"id": id_} for id_ in range(begins, min(ends, total))]
        assert pages.add({"data": rows, "links": links}, size * len(rows)) is None  # type: ignore[typeddict-item]
    assert seen == asked
    assert [row["id"] for row in pages.rows()] == list(range(total))
