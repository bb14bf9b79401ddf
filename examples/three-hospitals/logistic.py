"""One round of a logistic regression: each hospital reveals the sums of a Newton step.

For servers 4.x and HQ 5.x.
"""

import numpy as np
import pandas as pd

try:
    from vantage6.algorithm.decorator import data_extraction, dataframe, federated
except ModuleNotFoundError:  # version 4
    from vantage6.algorithm.tools.decorators import data as dataframe

    def federated(function):
        """Return the function: version 4 has no actions."""
        return function

    data_extraction = federated

MIN_PATIENTS_PER_COEFFICIENT = 5


@data_extraction
def read_csv(connection: dict) -> pd.DataFrame:
    """Return the table of a hospital, for HQ."""
    return pd.read_csv(connection["uri"])


@federated
@dataframe(1)
def newton_step(
    df: pd.DataFrame, outcome: str, covariates: list[str], coefficients: list[float]
) -> dict[str, object]:
    """Return the gradient and the information matrix of the log-likelihood at one hospital.

    Patients with a missing value are left out.
    """
    complete = df[[outcome, *covariates]].dropna()
    if len(complete) < MIN_PATIENTS_PER_COEFFICIENT * len(coefficients):
        raise ValueError(f"too few patients for {len(coefficients)} coefficients: {len(complete)}")
    x = np.column_stack([np.ones(len(complete)), complete[covariates].to_numpy(float)])
    chance = 1 / (1 + np.exp(-x @ np.array(coefficients)))
    return {
        "count": len(complete),
        "gradient": (x.T @ (complete[outcome].to_numpy(float) - chance)).tolist(),
        "information": (x.T * (chance * (1 - chance)) @ x).tolist(),
    }
