"""Average age over all hospitals, each of which reveals only a sum and a count."""

import pandas as pd

from vantage6.algorithm.client import AlgorithmClient
from vantage6.algorithm.data_extraction import read_csv as read_csv
from vantage6.algorithm.decorator import algorithm_client, central, dataframe, federated
from vantage6.algorithm.tools.util import info

MIN_PATIENTS = 5


@federated
@dataframe(1)
def partial(df: pd.DataFrame, column: str = "age") -> dict[str, float]:
    """Return the sum and the count of a column at one hospital."""
    values = df[column].dropna()
    if len(values) < MIN_PATIENTS:
        raise ValueError(f"expected {MIN_PATIENTS} or more patients, got {len(values)}")
    info(f"summing {column!r} of {len(values)} patients")
    return {"sum": float(values.sum()), "count": len(values)}


@central
@algorithm_client
def average(client: AlgorithmClient, column: str = "age") -> dict[str, float]:
    """Return the average over all hospitals."""
    hospitals = [organization["id"] for organization in client.organization.list()]
    task = client.task.create(
        method="partial",
        arguments={"column": column},
        organizations=hospitals,
        name="sums",
    )
    parts = client.wait_for_results(task_id=task["id"], interval=0.2)
    if len(parts) < len(hospitals):
        raise RuntimeError(f"expected a sum of every hospital: see the logs of task {task['id']}")
    count = sum(part["count"] for part in parts)
    return {"average": sum(part["sum"] for part in parts) / count, "count": count}
