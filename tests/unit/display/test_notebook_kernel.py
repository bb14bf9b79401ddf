"""Test the display of rows and progress in a notebook, run by a real kernel."""

from typing import Any

import nbclient
import nbformat

CELL = """
from vantage6.client import Rows

rows = Rows(
    [{"id": 1, "name": "IKNL <b>"}, {"id": 2, "name": "Maastro"}], {"first": "", "self": ""}
)
rows
"""


def run(*cells: str) -> list[list[Any]]:
    """Run a notebook, and return what each cell shows."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_rows_are_displayed_as_a_table() -> None:
    (rows,), (part,), (printed,) = run(CELL, "rows[:1]", "print(rows)")
    html = rows.data["text/html"]
    assert html.startswith("<table ")
    assert "IKNL &lt;b&gt;" in html
    assert rows.data["text/plain"].splitlines()[0] == "id  name"
    assert "Maastro" not in part.data["text/html"]
    assert printed.text.endswith("\n2 rows\n")


PROGRESS = """
from vantage6.client import Progress, RunProgress
from vantage6.client._display.views import ProgressDisplay

with ProgressDisplay(None, False) as drawing:
    for status in ("pending", "active", "completed"):
        run = RunProgress(1, 12, 3, "IKNL <b>", status, False, 100, 112)
        drawing.take(Progress(12, "average", "active", (run,), 0))
"""


def test_progress_replaces_one_output() -> None:
    ((shown,),) = run(PROGRESS)
    assert shown.output_type == "display_data"
    assert "done in 12 s" in shown.data["text/html"]
    assert "IKNL &lt;b&gt;" in shown.data["text/html"]
    assert "queued" not in shown.data["text/html"]
    assert shown.data["text/plain"].splitlines()[0] == "average (task 12)"
