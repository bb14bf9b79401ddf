"""An algorithm of version 5 for benchmarks: a round that takes some time, and large results."""

import time

import pandas as pd

from vantage6.algorithm.decorator import data_extraction, dataframe, federated


@data_extraction
def read_csv(connection: dict) -> pd.DataFrame:
    """Return the table of a node."""
    return pd.read_csv(connection["uri"])


@federated
@dataframe(1)
def step(df: pd.DataFrame, seconds: float) -> int:
    """Return the number of rows after some seconds."""
    time.sleep(seconds)
    return len(df)


@federated
def text(size: int) -> str:
    """Return a text of some length."""
    return "x" * size
