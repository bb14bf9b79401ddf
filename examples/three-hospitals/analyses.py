"""The analyses of the researcher: the same on servers 4.x and on HQ 5.x."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from vantage6.client import Client, Extraction

DATA = [Extraction("default", "read_csv")]
MAX_ROUNDS = 25


@dataclass(frozen=True)
class Summary:
    """The statistics of a column over all hospitals."""

    count: int
    missing: int
    mean: float
    deviation: float


def describe(client: Client, columns: list[str]) -> dict[str, Summary]:
    """Return count, mean and standard deviation of columns over all hospitals."""
    parts = client.task.run(
        organizations="all",
        name="descriptive statistics",
        image="registry.example/descriptive",
        method="summarize",
        kwargs={"columns": columns},
        databases=DATA,
        action="federated_compute",
    )
    return {column: combine([part[column] for part in parts]) for column in columns}


def combine(parts: list[dict[str, float]]) -> Summary:
    """Return the statistics of all patients from those of each hospital."""
    count = sum(part["count"] for part in parts)
    mean = sum(part["count"] * part["mean"] for part in parts) / count
    # Within the hospitals, and between them.
    squares = sum(part["squares"] + part["count"] * (part["mean"] - mean) ** 2 for part in parts)
    missing = sum(part["missing"] for part in parts)
    return Summary(int(count), int(missing), mean, sqrt(squares / (count - 1)))


@dataclass(frozen=True)
class Model:
    """A logistic regression: coefficients and standard errors by name."""

    count: int
    rounds: int
    coefficients: dict[str, float]
    errors: dict[str, float]

    def odds_ratios(self) -> dict[str, tuple[float, float, float]]:
        """Return the odds ratio of each covariate, with its 95% confidence interval."""
        found = {}
        for name, value in list(self.coefficients.items())[1:]:
            margin = 1.959964 * self.errors[name]
            found[name] = tuple(float(np.exp(value + side)) for side in (0, -margin, margin))
        return found


def regress(client: Client, outcome: str, covariates: list[str], tolerance: float = 1e-8) -> Model:
    """Return the logistic regression of an outcome (0 or 1), by Newton's method."""
    names = ["intercept", *covariates]
    coefficients = np.zeros(len(names))
    for number in range(1, MAX_ROUNDS + 1):
        parts = client.task.run(
            organizations="all",
            name=f"logistic regression, round {number}",
            image="registry.example/logistic",
            method="newton_step",
            kwargs={
                "outcome": outcome,
                "covariates": covariates,
                "coefficients": coefficients.tolist(),
            },
            databases=DATA,
            action="federated_compute",
        )
        gradient, information = (
            np.sum([part[name] for part in parts], axis=0) for name in ("gradient", "information")
        )
        step = np.linalg.solve(information, gradient)
        coefficients = coefficients + step
        if np.max(np.abs(step)) < tolerance:
            break
    else:
        raise RuntimeError(f"no convergence in {MAX_ROUNDS} rounds; is the outcome separable?")
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    count = sum(part["count"] for part in parts)
    return Model(
        count,
        number,
        dict(zip(names, coefficients.tolist(), strict=True)),
        dict(zip(names, errors.tolist(), strict=True)),
    )
