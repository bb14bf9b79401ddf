"""Execute the notebooks on a real vantage6 network, and compare what they show."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["describe.ipynb", "regression.ipynb"])
@pytest.mark.usefixtures("v6_environment")
def test_notebook_shows_the_stored_numbers(name: str) -> None:
    stored = nbformat.read(FOLDER / name, as_version=4)
    notebook = nbformat.read(FOLDER / name, as_version=4)
    for cell in notebook.cells:
        cell["outputs"] = []
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    for before, now in zip(stored.cells, notebook.cells, strict=True):
        if "timeline" in before["source"]:
            (picture,) = (output["data"] for output in now["outputs"])
            assert "<svg" in picture["text/html"]
        elif before["cell_type"] == "code":
            assert texts(now) == texts(before), before["source"]


def texts(cell: nbformat.NotebookNode) -> list[str]:
    """Return the results of a cell as text; its progress is not among them."""
    outputs = (each for each in cell["outputs"] if each["output_type"] == "execute_result")
    return [output["data"]["text/plain"] for output in outputs]
