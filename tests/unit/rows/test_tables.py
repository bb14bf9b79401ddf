"""Test rows as tables: aligned, of limited size, without control characters."""

import ast
import copy
import io
import json
import pickle
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from vantage6.bindings.secret import SecretRow
from vantage6.bindings.server.rows import PageLinks
from vantage6.client import Rows
from vantage6.client._rows.columns import table_of_row, table_of_rows
from vantage6.client._utils.table import Table
from vantage6.client._utils.text import display_width, sanitize

LINKS: PageLinks = {"first": "", "self": ""}


def reference(id_: int) -> dict[str, Any]:
    return {"id": id_, "link": f"/api/organization/{id_}", "methods": ["GET"]}


def task(id_: int, name: str = "average", status: str = "completed") -> dict[str, Any]:
    return {
        "id": id_,
        "name": name,
        "status": status,
        "image": "harbor2.vantage6.ai/demo/average",
        "init_org": reference(3),
        "job_id": 1,
        "runs": "/api/run?task_id=1",
        "created_at": "2026-11-22T23:10:05.123456",
        "finished_at": None,
        "databases": [{"label": "default", "parameters": None}],
    }


def rows(*items: Any, **options: Any) -> Rows[Any]:
    return Rows(items, LINKS, **options)


def short(items: list[Any], fields: list[str] | None = None) -> Table:
    return table_of_rows(items, fields, len(items), {}, is_whole=False)


HINT = "rows.show() shows everything"


def test_short_table_shows_main_columns_and_names_the_rest() -> None:
    assert short([task(9), task(10, status="crashed")]).text(140).splitlines() == [
        "id  name     status     image                             created_at (UTC)  "
        "finished_at (UTC)",
        "--  -------  ---------  --------------------------------  ----------------  "
        "-----------------",
        " 9  average  completed  harbor2.vantage6.ai/demo/average  2026-11-22 23:10",
        "10  average  crashed    harbor2.vantage6.ai/demo/average  2026-11-22 23:10",
        "",
        f"2 rows; not shown: init_org, job_id, runs, databases; {HINT}",
    ]


LONG_RESULT = json.dumps({f"coefficient {number}": number / 7 for number in range(60)})


@pytest.mark.parametrize("form", [str, repr, "{}".format])
def test_text_of_rows_has_everything(form: Callable[[object], str]) -> None:
    results = [{"id": id_, "result": LONG_RESULT, "log": "x" * 5000} for id_ in range(100)]
    for made in (rows(*results), rows(*results)["data"]):
        assert form(made).count("coefficient 59") == form(made).count("x" * 5000) == 100
        assert all(f"{id_}" in form(made) for id_ in range(100))
        assert "coefficient 59" in form(made[0])


def test_text_of_rows_omits_only_links_and_empty_fields() -> None:
    lines = str(rows({**task(1), "note": None}, {**task(2), "note": ""})).splitlines()
    assert lines[0].split()[-3:] == ["init_org", "job_id", "databases"]
    assert str(rows({"id": 1, "url": "x", "used": False, "count": 0})).split()[:4] == [
        "id",
        "url",
        "used",
        "count",
    ]
    assert lines[-1] == "2 rows; not shown: runs, note"
    assert str({"label": "default", "parameters": None}) in lines[2]


def test_long_cells_are_last_and_shift_no_column() -> None:
    items = [{**task(1), "description": "x" * 500}, {**task(2), "description": "short"}]
    head, rule, first, second, *_ = str(rows(*items)).splitlines()
    assert head.split()[-1] == "description"
    assert (len(rule), len(first)) == (head.index("description") + 60, len(rule) + 440)
    assert second.index("short") == first.index("xxx") == head.index("description")


def test_show_prints_everything(capsys: pytest.CaptureFixture[str]) -> None:
    many = rows(*({"id": number, "name": "x" * 100} for number in range(99)))
    assert HINT in many._repr_html_()
    many.show()
    assert capsys.readouterr().out == f"{many}\n"


def test_cut_cell_is_reported() -> None:
    assert HINT in short([{"name": "x" * 100}], ["name"]).text(200)
    assert HINT in short([{"name": "x" * 50}], ["name"]).text(40)
    assert HINT not in short([{"name": "x" * 50}], ["name"]).text(80)


def test_no_table_shows_a_secret() -> None:
    inner = {"id": 3, "username": "ada", "otp_secret": "JBSWY3DP"}
    row = SecretRow({"id": 1, "username": "root", "otp_secret": "JBSWY3DP", "made_by": inner})
    listing = rows(row, {"id": 2, "username": "ada", "otp_secret": None})
    for shown in (str(listing), listing._repr_html_(), short([row]).text(200)):
        assert "JBSWY3DP" not in shown
        assert "root" in shown
    assert "not shown: otp_secret" in str(listing)


def test_row_is_a_small_table_without_links() -> None:
    fields = {**task(3), "log": "one\ntwo", "encrypted": True}
    (row,) = rows(dict(reversed(fields.items())), names={3: "IKNL"})
    assert str(row).splitlines() == [
        "id                 3",
        "name               average",
        "status             completed",
        "image              harbor2.vantage6.ai/demo/average",
        "created_at (UTC)   2026-11-22 23:10:05",
        "finished_at (UTC)",
        "encrypted          yes",
        "log                one",
        "                   two",
        "databases          {'label': 'default', 'parameters': None}",
        "job_id             1",
        "init_org           IKNL (3)",
    ]
    assert ast.literal_eval(repr(row)) == row
    html = Page(row._repr_html_())
    assert html.texts["th"][:2] == ["id", "name"]
    assert html.texts["td"][-1].strip() == "IKNL (3)"
    console = Console(file=io.StringIO(), width=30)
    console.print(row)
    assert "harbor2.vantage6.ai/demo/average" in "".join(console.file.getvalue().split())  # type: ignore[attr-defined]


def test_short_table_of_a_row_reports_a_cut() -> None:
    row = {"log": "x" * 1000}
    assert table_of_row(row, {}, is_whole=False).text().endswith("print(row) shows everything")
    assert "x" * 1000 in table_of_row(row, {}, is_whole=True).text()


@pytest.mark.parametrize("is_whole", [True, False])
def test_known_organizations_are_named(is_whole: bool) -> None:
    node = {"id": 1, "organization": reference(3), "collaboration": reference(3)}
    fields = ["id", "organization", "collaboration"]
    items = [node, {**node, "organization": reference(4)}]
    table = table_of_rows(items, fields, 2, {3: "IKNL"}, is_whole=is_whole)
    assert [column.cells for column in table.columns[1:]] == [["IKNL (3)", "4"], ["3", "3"]]


def test_rows_are_written_as_plain_yaml() -> None:
    made = rows(task(1), {"id": 2, "api_key": "1f2e"})
    secret_row = SecretRow({"id": 2, "api_key": "1f2e"})
    for value in (made, made["data"], made[0], secret_row):
        for dump in (yaml.safe_dump, yaml.dump):
            assert yaml.safe_load(dump(value)) == value


def test_copies_of_a_row_are_equal() -> None:
    made = rows(task(1), names={3: "IKNL"})
    for twin in (copy.deepcopy(made), copy.copy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301
        assert twin == made
        assert str(twin[0]) == str(made[0])


def test_requested_fields_are_all_shown() -> None:
    row = {"runs": "/api/run?task_id=1", "init_org": reference(3), "databases": [{"label": "a"}]}
    assert str(rows(row, fields=list(row))).splitlines() == [
        "runs                init_org  databases",
        "------------------  --------  ---------",
        "/api/run?task_id=1         3  a",
        "",
        "1 row",
    ]


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"id": 1, "name": "IKNL", "public_key": "LS0t", "users": "/api/user?x=1"}, ["id", "name"]),
        ({"id": 1, "encrypted": True, "organizations": "/api/x?y=1"}, ["id", "encrypted"]),
        ({"id": 1, "encrypted": True, "organizations": []}, ["id", "encrypted", "organizations"]),
        ({"started_at": None, "status": "active", "id": 4, "log": "..."}, ["id", "status"]),
        # As servers before 4.13 give it: nothing tells of blob storage.
        ({"id": 1, "result": "7", "run": reference(1), "task": 2}, ["run", "task", "result"]),
        ({"new_kind": 1, "tasks": "/api/task?x=1"}, ["new_kind"]),
        ({"tasks": "/api/task?x=1"}, ["tasks"]),
    ],
)
def test_whole_rows_omit_links_and_keys(row: dict[str, Any], columns: list[str]) -> None:
    fields = [column.field for column in short([row]).columns]
    assert [field for field in fields if field != "started_at"] == columns


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "yes"),
        (2.5, "2.5"),
        (reference(3), "3"),
        ({"id": 3, "name": "IKNL - demo", "status": "online"}, "IKNL - demo"),
        ({}, ""),
        ([reference(3), {"id": 4, "name": "Maastro"}], "3, Maastro"),
        ("two\r\nlines\tof \x1b[31mred", "two  lines of \N{REPLACEMENT CHARACTER}[31mred"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe", "\N{REPLACEMENT CHARACTER}gpj.exe"),
        ("x" * 500, "x" * 59 + "…"),
        ("日本" * 40, "日本" * 14 + "日" + "…"),
    ],
)
def test_cell_is_one_short_line(value: object, cell: str) -> None:
    assert short([{"field": value}], ["field"]).columns[0].cells == [cell]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("2026-11-22T23:10:05", "2026-11-22 23:10"),
        ("2026-11-22T23:10:05.000001+02:00", "2026-11-22 21:10"),
        ("soon", "soon"),
        (None, ""),
        ("0001-01-01T00:00:00+10:00", "0001-01-01T00:00:00+10:00"),
    ],
)
def test_times_are_readable_and_never_guessed(value: object, cell: str) -> None:
    (column,) = short([{"last_seen": value}], ["last_seen"]).columns
    assert column.cells == [cell]
    assert column.head == ("last_seen (UTC)" if value is None or "-22 2" in cell else "last_seen")
    named = short([{"name": "2026-11-22T23:10:05"}], ["name"]).columns[0]
    assert named.cells == ["2026-11-22T23:10:05"], "a name is not read as a time"


@pytest.mark.parametrize(
    ("count", "total", "note"),
    [
        (0, None, "no rows"),
        (1, None, "1 row"),
        (10, 12, "10 of 12 rows"),
        (50, None, "50 rows"),
        (5000, None, f"5000 rows, 30 of them shown; {HINT}"),
    ],
)
def test_table_shows_its_size(count: int, total: int | None, note: str) -> None:
    numbers = rows(*({"id": number} for number in range(count)), total=total, fields=["id"])
    table = table_of_rows(numbers, numbers.fields, numbers.total, {}, is_whole=False)
    lines = table.text().splitlines()
    assert lines[-1] == note
    if count > 50:
        shown = [line.strip() for line in lines[2:-2]]
        assert shown == [*map(str, range(20)), "…", *map(str, range(4990, 5000))]
    elif count:
        assert len(lines) == count + 4


def test_repr_has_one_row_per_line() -> None:
    tasks = rows(task(1), task(2))
    assert repr(tasks).count("\n") == 1
    assert ast.literal_eval(repr(tasks)) == tasks
    assert repr(rows()) == "[]"


def test_slice_is_displayed_with_its_own_count() -> None:
    part = rows(task(1), task(2), task(3), fields=["id"])[1:]
    assert isinstance(part, Rows)
    assert (part.total, part.links, part.fields) == (2, LINKS, ["id"])
    assert str(part).endswith("\n\n2 rows")


def test_rows_that_are_not_dicts_are_displayed() -> None:
    assert str(rows("one", 2)).splitlines()[2:] == ["one", "2", "", "2 rows"]


class Page(HTMLParser):
    """What a browser makes of some HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.texts.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        self.texts[self.tags[-1]][-1] += data


def test_notebook_table_is_accessible() -> None:
    text = rows(task(1, "<b>&amp;"), task(2))._repr_html_()
    page = Page(text)
    assert page.texts["th"][:3] == ["id", "name", "status"]
    assert [cell.strip() for cell in page.texts["td"][:2]] == ["1", "<b>&amp;"]
    assert [text.strip() for text in page.texts["caption"]] == [
        f"2 rows; not shown: init_org, job_id, runs, databases; {HINT}"
    ]
    assert text.count('<th scope="col"') == page.tags.count("th")
    head, _, rest = text.partition("\n")
    assert head == '<table class="tex2jax_ignore mathjax_ignore">', "no name becomes a formula"
    assert not re.search("color|background|class=|<style", rest), "it fits dark and light alike"


def test_rich_colors_statuses_and_ignores_markup() -> None:
    output = io.StringIO()
    console = Console(file=output, width=100, force_terminal=True, color_system="standard")
    items = [{"name": "[red]x[/red]", "status": "crashed"}, {"name": "y", "status": "completed"}]
    console.print(rows(*items))
    written = output.getvalue()
    assert "[red]x[/red]" in written
    assert "\x1b[31mcrashed" in written
    assert "\x1b[32mcompleted" in written

    plain = io.StringIO()
    console = Console(file=plain, width=60)
    console.print(rows(task(1)))
    assert plain.getvalue().splitlines()[0].split()[:3] == ["id", "name", "status"]
    assert max(map(len, plain.getvalue().splitlines())) <= 60


NASTY = st.text(max_size=80)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NASTY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3),
    max_leaves=5,
)
ROW = st.dictionaries(st.sampled_from(["id", "name", "job_id", "last_seen"]) | NASTY, VALUE)


@settings(deadline=None, max_examples=50)
@given(st.lists(ROW, max_size=5), st.integers(1, 200))
def test_any_row_is_one_harmless_line(items: list[dict[str, Any]], width: int) -> None:
    made = rows(*items)
    fields = {name for row in items for name in row}
    lines = short(items).text(10_000).split("\n")
    assert all(line.isprintable() for line in lines)
    if fields:
        assert len(lines) == len(items) + 4
        head, rule, *body, _, _ = lines
        assert all(display_width(line) <= display_width(rule) for line in [head, *body])

    for line in str(made).split("\n"):
        assert line.isprintable()
    for row in made:
        assert str(row).replace("\n", "").isprintable()
        assert row._repr_html_().replace("\n", "").isprintable()

    html = Page(made._repr_html_())
    assert set(html.tags) <= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert made._repr_html_().replace("\n", "").isprintable()

    table = short(items, list(fields))
    first = table.columns[0].least if fields else 0  # one column is always shown
    narrow = table.text(width).split("\n")
    assert max(map(display_width, narrow)) <= max(width, first, 10)


@given(NASTY)
def test_inert_text_keeps_readable_characters(text: str) -> None:
    assert sanitize(text).isprintable()
    assert len(sanitize(text)) == len(text)
    assert sanitize(sanitize(text)) == sanitize(text)
