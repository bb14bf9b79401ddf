"""Average of a column at one organization, or over all organizations."""

# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false
# pyright: reportUntypedFunctionDecorator=false
# The algorithm tools and pandas are installed in the environment of the local network only.

import pandas as pd

from vantage6.algorithm.client import AlgorithmClient
from vantage6.algorithm.data_extraction import read_csv as read_csv
from vantage6.algorithm.decorator import (
    algorithm_client,
    central,
    dataframe,
    federated,
    preprocessing,
)
from vantage6.algorithm.tools.util import info


@preprocessing
def keep_between(df: pd.DataFrame, column_name: str, low: float, high: float) -> pd.DataFrame:
    """Return the rows with a value in a range."""
    kept = df[df[column_name].between(low, high)]
    info(f"Keeping {len(kept)} of {len(df)} rows")
    return kept


@federated
@dataframe(1)
def partial_average(df: pd.DataFrame, column_name: str) -> dict[str, float]:
    """Return the sum and the count of a column at this organization."""
    if column_name not in df:
        raise KeyError(f"there is no column {column_name!r}; there are: {', '.join(map(str, df))}")
    info(f"Summing the column {column_name!r} of {len(df)} rows")
    column = df[column_name]
    return {"sum": float(column.sum()), "count": int(column.count())}


@central
@algorithm_client
def central_average(client: AlgorithmClient, column_name: str) -> dict[str, float]:
    """Return the average of a column over all organizations of the task."""
    organizations = [organization["id"] for organization in client.organization.list()]
    info(f"Asking the organizations {organizations} for their part")
    task = client.task.create(
        method="partial_average",
        arguments={"column_name": column_name},
        organizations=organizations,
        name="partial-average",
    )
    parts = client.wait_for_results(task_id=task["id"], interval=0.2)
    if len(parts) < len(organizations):
        # The tools return as soon as one run fails; others may still be active.
        raise RuntimeError(f"some organizations gave no result; see the logs of task {task['id']}")
    total = sum(part["sum"] for part in parts)
    return {"average": total / sum(part["count"] for part in parts)}
