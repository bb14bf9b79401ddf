# Derived by unasync.py: edit tests/replay/_async/test_display.py instead.
"""Test how lists and results are displayed, and the tables made from them."""

import io
import pickle
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from vantage6.client import Client, NameNotFoundError

if TYPE_CHECKING:
    pass

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

AVERAGE = "harbor2.vantage6.ai/demo/average"


def test_list_is_displayed_everywhere(client: Client) -> None:
    nodes = client.node.list()
    assert "Maastro" in str(client.organization.list())
    assert "online" in nodes._repr_html_()
    assert repr(nodes[:1]).startswith("[{'")
    narrow = Console(file=io.StringIO(), width=30)
    narrow.print(nodes)
    shown = narrow.file.getvalue()  # type: ignore[attr-defined]  # it is the one given above
    assert max(map(len, shown.splitlines())) <= 30
    frame = nodes.to_pandas()
    assert sorted(frame["organization.id"]) == [1, 2, 3]
    assert str(frame["last_seen"].dtype).endswith("UTC]")
    rules = client.rule.list(page=1, per_page=2)
    assert "2 of " in str(rules)
    assert "no rows" in str(client.organization.list(name="nobody"))


def test_results_by_organization_and_as_data_frame(client: Client) -> None:
    task = client.task.create(
        organizations=["Maastro", "IKNL"],
        name="shown",
        image=AVERAGE,
        method="partial_average",
        kwargs={"column_name": "age"},
        collaboration="demo",
        databases="default",
    )
    results = client.wait_for_results(task, timeout=60)
    maastro, iknl = results.outputs
    assert results.by_organization == {"Maastro": maastro, "IKNL": iknl}
    assert list(results.to_pandas().index) == ["Maastro", "IKNL"]
    assert results.to_pandas()["count"].sum() == maastro["count"] + iknl["count"]
    assert ("Maastro" in str(results), "Maastro" in str(results[:1])) == (True, True)
    assert pickle.loads(pickle.dumps(results)).by_organization == results.by_organization  # noqa: S301
    whole = client.result.get_bytes(results[0])
    assert (whole or b"").decode() == results[0]["result"]
    assert (client.find("organization", "Maastro", collaboration="demo"))["id"] == 2
    with pytest.raises(NameNotFoundError):
        client.find("study", "nothing", collaboration="demo")
