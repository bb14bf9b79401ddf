"""Average age over all hospitals, each of which reveals only a sum and a count."""

import pandas as pd

from vantage6.algorithm.client import AlgorithmClient
from vantage6.algorithm.tools.decorators import algorithm_client, data
from vantage6.algorithm.tools.util import info

MIN_PATIENTS = 5


@data(1)
def partial(df: pd.DataFrame, column: str = "age") -> dict[str, float]:
    """Return the sum and the count of a column at one hospital."""
    values = df[column].dropna()
    if len(values) < MIN_PATIENTS:
        raise ValueError(f"expected {MIN_PATIENTS} or more patients, got {len(values)}")
    info(f"summing {column!r} of {len(values)} patients")
    return {"sum": float(values.sum()), "count": len(values)}


@algorithm_client
def average(client: AlgorithmClient, column: str = "age") -> dict[str, float]:
    """Return the average over all hospitals."""
    hospitals = [organization["id"] for organization in client.organization.list()]
    task = client.task.create(
        input_={"method": "partial", "kwargs": {"column": column}},
        organizations=hospitals,
        name="sums",
    )
    parts = client.wait_for_results(task_id=task["id"], interval=0.2)
    if len(parts) < len(hospitals):
        raise RuntimeError(f"expected a sum of every hospital: see the logs of task {task['id']}")
    count = sum(part["count"] for part in parts)
    return {"average": sum(part["sum"] for part in parts) / count, "count": count}
