"""An algorithm for servers 4.x and HQ 5.x: one round of a logistic regression."""

import math

import pandas as pd

try:
    from vantage6.algorithm.decorator import data_extraction, dataframe, federated
except ModuleNotFoundError:  # version 4
    from vantage6.algorithm.tools.decorators import data as dataframe

    def federated(function):
        """Return the function: version 4 has no actions."""
        return function

    data_extraction = federated


@data_extraction
def read_csv(connection: dict) -> pd.DataFrame:
    """Return the table of a node, for HQ."""
    return pd.read_csv(connection["uri"])


@federated
@dataframe(1)
def partial_step(
    df: pd.DataFrame, x: str, y: str, weights: list[float], center: float, scale: float
) -> dict[str, list[float]]:
    """Return the sums of one Newton step: the gradient and the upper half of the Hessian."""
    sums = [0.0] * 5
    for value, outcome in zip((df[x] - center) / scale, df[y], strict=True):
        chance = 1 / (1 + math.exp(-weights[0] - weights[1] * value))
        rest, slope = outcome - chance, chance * (1 - chance)
        parts = rest, rest * value, slope, slope * value, slope * value**2
        sums = [total + part for total, part in zip(sums, parts, strict=True)]
    return {"gradient": sums[:2], "hessian": sums[2:]}
