"""In a notebook, run by a real kernel, rows are tables."""

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
    """Run a notebook, and give what each cell shows."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_rows_at_the_end_of_a_cell_are_a_table() -> None:
    (rows,), (part,), (printed,) = run(CELL, "rows[:1]", "print(rows)")
    html = rows.data["text/html"]
    assert html.startswith("<table>")
    assert "IKNL &lt;b&gt;" in html
    assert rows.data["text/plain"].splitlines()[0] == "id  name"
    assert "Maastro" not in part.data["text/html"]
    assert printed.text.endswith("\n2 rows\n")
