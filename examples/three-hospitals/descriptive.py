"""Descriptive statistics: each hospital reveals counts, means and sums of squares, no patients.

For servers 4.x and HQ 5.x.
"""

import pandas as pd

try:
    from vantage6.algorithm.decorator import data_extraction, dataframe, federated
except ModuleNotFoundError:  # version 4
    from vantage6.algorithm.tools.decorators import data as dataframe

    def federated(function):
        """Return the function: version 4 has no actions."""
        return function

    data_extraction = federated

MIN_PATIENTS = 10


@data_extraction
def read_csv(connection: dict) -> pd.DataFrame:
    """Return the table of a hospital, for HQ."""
    return pd.read_csv(connection["uri"])


@federated
@dataframe(1)
def summarize(df: pd.DataFrame, columns: list[str]) -> dict[str, dict[str, float]]:
    """Return count, missing values, mean and sum of squared deviations of each column."""
    summary: dict[str, dict[str, float]] = {}
    for column in columns:
        values = df[column].dropna()
        if len(values) < MIN_PATIENTS:
            raise ValueError(
                f"{column}: expected {MIN_PATIENTS} or more patients, got {len(values)}"
            )
        mean = float(values.mean())
        summary[column] = {
            "count": len(values),
            "missing": len(df) - len(values),
            "mean": mean,
            "squares": float(((values - mean) ** 2).sum()),
        }
    return summary
