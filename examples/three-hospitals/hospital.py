"""An algorithm for HQ 5.x: what each hospital reveals for tables and a regression."""

import pandas as pd

from vantage6.algorithm.data_extraction import read_csv as read_csv
from vantage6.algorithm.decorator import dataframe, federated, preprocessing

MIN_PATIENTS = 5


@preprocessing
def older_than(df: pd.DataFrame, column: str, limit: float) -> pd.DataFrame:
    """Keep the patients above a limit."""
    return df[df[column] > limit].reset_index(drop=True)


@federated
@dataframe(1)
def describe(df: pd.DataFrame, columns: list[str]) -> dict[str, dict[str, float]]:
    """Return the count, the sum and the sum of squares of columns."""
    check(df)
    return {
        name: {
            "count": len(df),
            "sum": float(df[name].sum()),
            "squares": float((df[name] ** 2).sum()),
        }
        for name in columns
    }


@federated
@dataframe(1)
def products(df: pd.DataFrame, x: list[str], y: str) -> dict[str, list]:
    """Return the sums of products that a linear regression of y on x needs."""
    check(df)
    terms = df[x].assign(intercept=1.0)
    return {"xx": (terms.T @ terms).to_numpy().tolist(), "xy": (terms.T @ df[y]).tolist()}


def check(df: pd.DataFrame) -> None:
    """Reveal nothing of few patients."""
    if len(df) < MIN_PATIENTS:
        raise ValueError(f"expected {MIN_PATIENTS} or more patients, got {len(df)}")
