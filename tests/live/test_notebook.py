"""Test the cells of a researcher's notebook, run by a real kernel on a real server."""

import re
from typing import Any

import nbclient
import nbformat
import pytest

from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

CELLS = [
    """
from vantage6.client import Client
client = Client("http://localhost", {port}, log_level=None)
client.authenticate("{username}", "{password}")
client.node.list(collaboration="demo")
""",
    """
task = client.task.create(
    ["Maastro", "IKNL"], "average age", "harbor2.vantage6.ai/demo/average", "",
    input_={{"method": "partial_average", "kwargs": {{"column_name": "age"}}}},
    collaboration="demo", databases="default",
)
results = client.wait_for_results(task, timeout=60)
results
""",
    "results.to_pandas()",
    "print(client.task.list(fields=['name', 'status'])[:1])",
]


def outputs(network: LocalNetwork) -> list[Any]:
    """Run the notebook, and return what the last output of each cell is."""
    user = network.users["researcher"]
    filled = [
        cell.format(port=network.port, username=user.username, password=user.password)
        for cell in CELLS
    ]
    cells = [nbformat.v4.new_code_cell(cell) for cell in filled]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return [cell.outputs[-1] for cell in notebook.cells]


def cells_of(html: str) -> list[str]:
    return re.findall(r"<t[dh](?: [^>]*)?>(.*?)</t[dh]>", html)


def test_notebook_shows_tables(network: LocalNetwork) -> None:
    nodes, results, frame, printed = outputs(network)
    shown = cells_of(nodes.data["text/html"])
    assert shown[:5] == ["id", "name", "status", "organization", "collaboration"]
    assert shown.count("online") == 3

    shown = cells_of(results.data["text/html"])
    assert shown[:4] == ["organization", "run", "task", "result"]
    assert [cell for cell in shown if cell in ("IKNL", "Maastro")] == ["Maastro", "IKNL"]

    shown = cells_of(frame.data["text/html"])
    assert {"sum", "count", "IKNL", "Maastro"} < set(shown)
    assert printed.text.splitlines()[2].split() == ["average", "age", "completed"]
