import pytest

from vantage6.client import Client


@pytest.mark.v6_encrypted
@pytest.mark.v6_organizations("North", "South")
@pytest.mark.v6_algorithms({"registry.example/rows": "rows.py"})
@pytest.mark.v6_databases({"South": {"default": "south.csv", "visits": "visits.sqlite"}})
def test_both_databases_are_read(v6_client: Client) -> None:
    task = v6_client.task.create(
        collaboration="demo",
        organizations=["South"],
        name="rows",
        image="registry.example/rows",
        method="count",
        databases=["default", {"label": "visits", "query": "SELECT * FROM visit"}],
    )
    assert v6_client.wait_for_results(task, timeout=60).outputs == [[2, 3]]
