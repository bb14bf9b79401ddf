"""Test the pictures of timelines and trees, as text and as SVG."""

import re
from dataclasses import asdict, replace
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.support.doc_pages import blocks
from tests.support.paths import ROOT
from vantage6.client import RunProgress, Timeline, TimelineTask
from vantage6.client._display import picture
from vantage6.client._display.picture import show_tree, ticks
from vantage6.client._utils.text import display_width

START = 1767349800.0  # 2026-01-02 10:30:00 UTC
NASTY = "VUmc\x1b[2J\r\n<b>&\"'\u202e"
SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own text


def run(
    organization: str, status: str, began: float | None = None, ended: float | None = None
) -> RunProgress:
    times = [None if at is None else START + at for at in (began, ended)]
    return RunProgress(1, 12, 1, organization, status, started=times[0], finished=times[1])


def task(number: int, name: str, depth: int, at: float | None, *runs: RunProgress) -> TimelineTask:
    created = None if at is None else START + at
    return TimelineTask(number, name, "active", depth, created, runs)


REGRESSION = Timeline(
    (
        task(12, "logistic regression", 0, 0, run("IKNL", "completed", 0.3, 8)),
        task(
            13,
            "round 1",
            1,
            1,
            run("IKNL", "completed", 1.5, 2.3),
            run("Maastro", "completed", 2.8, 4.5),
            run("Radboudumc", "completed", 1.6, 2.8),
        ),
        task(
            14,
            "round 2",
            1,
            4.6,
            run("IKNL", "completed", 4.9, 5.6),
            run("Maastro", "completed", 4.9, 6.5),
            run("Radboudumc", "pending"),
        ),
    ),
    server_time=START + 8,
)


def test_timeline_is_drawn_as_the_page_shows() -> None:
    (page,) = (
        block.code
        for block in blocks("docs/progress.md")
        if block.section == "Looking back" and block.kind == "text"
    )
    assert REGRESSION.text(74) == page.rstrip("\n")
    assert (ROOT / "docs" / "assets" / "timeline.svg").read_text() == REGRESSION.svg() + "\n"


@pytest.mark.parametrize("width", [1, 10, 30, 50, 79, 200])
def test_text_fits_the_width(width: int) -> None:
    lines = REGRESSION.text(width).splitlines()
    assert len(lines) in (len(REGRESSION.tasks) + 7, len(REGRESSION.tasks) + 8)
    if width >= 30:
        assert max(map(display_width, lines)) <= width


def test_names_of_others_are_harmless_in_text_and_picture() -> None:
    root, *_ = REGRESSION.tasks
    evil = replace(root, name=NASTY, status=NASTY, runs=(run(NASTY, NASTY, 0, 1),))
    timeline = Timeline((evil, replace(evil, depth=1, runs=())), START)
    assert all(line.isprintable() for line in timeline.text().split("\n"))
    assert "\x1b" not in timeline.svg()
    tree = parsed(timeline.svg())
    tags = {element.tag.removeprefix(SVG) for element in tree.iter()}
    assert tags <= {"svg", "title", "text", "line", "path", "circle", "g", "rect"}
    assert "tex2jax_ignore" in timeline._repr_html_()
    assert "<b>" not in timeline._repr_html_()


def test_bars_begin_and_end_when_the_server_says() -> None:
    tree = parsed(REGRESSION.svg())
    waited, ran = (
        [r for r in tree.iter(f"{SVG}rect") if (r.get("rx") == "2") is is_run]
        for is_run in (False, True)
    )
    assert (len(waited), len(ran)) == (7, 6)
    scale = float(ran[0].get("width", 0)) / 7.7
    begins = [float(bar.get("x", 0)) for bar in ran]
    assert (begins[1] - begins[0]) / scale == pytest.approx(1.2, abs=0.02)
    assert float(ran[2].get("width", 0)) / scale == pytest.approx(1.7, abs=0.02)
    titles = [title.text for title in tree.iter(f"{SVG}title")]
    assert "asked 10:30:00 UTC, started 10:30:00 UTC, ended 10:30:08 UTC" in titles


def test_unknown_and_impossible_times_are_no_error() -> None:
    for runs in (
        (run("IKNL", "completed"), run("Maastro", "crashed", None, 1)),
        (run("IKNL", "completed", 5, -5), run("Maastro", "active", 1e6)),
        (),
    ):
        for created in (None, 0, 9.0):
            timeline = Timeline((task(12, "", 0, created, *runs),), START)
            assert "task 12" in str(timeline)
            parsed(timeline.svg())
    assert asdict(REGRESSION)["tasks"][1]["runs"][2]["organization"] == "Radboudumc"
    assert repr(REGRESSION) == str(REGRESSION)


@pytest.mark.parametrize("seconds", [0.01, 1, 8, 59, 61, 3599, 86400, 7 * 86400, 400 * 86400])
def test_axis_has_few_marks_within_the_time(seconds: float) -> None:
    marks = list(ticks(seconds))
    assert 1 <= len(marks) <= 6
    assert marks[-1][0] <= seconds
    assert marks[0][1].startswith("0 ")
    assert all(re.fullmatch(r"[\d.]+ (s|min|h|d)", label) for _, label in marks)


def test_tree_is_a_picture_in_a_notebook(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    branches: Any = [
        ("survival", "", [("patients", "completed", []), (NASTY, "active", [])]),
        ("other", "", [("", "failed", [("deep", "", [])])]),
    ]
    show_tree("sessions", branches)
    text = capsys.readouterr().out
    assert text.splitlines()[:3] == ["sessions", "├── survival", "│   ├── patients"]
    assert text.splitlines()[-1] == "        └── deep"
    shown: list[dict[str, str]] = []
    monkeypatch.setattr(picture, "is_notebook", lambda: True)
    monkeypatch.setattr(picture, "display", lambda bundle, **_: shown.append(bundle))
    show_tree("sessions", branches)
    assert capsys.readouterr().out == ""
    assert shown[0]["text/plain"] + "\n" == text
    parsed(shown[0]["text/html"])
    assert "\x1b" not in shown[0]["text/html"]
