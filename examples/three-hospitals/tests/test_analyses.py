"""Test the analyses on a real vantage6 network against the pooled data of the three hospitals."""

import csv
import math
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
from analyses import Summary, describe, regress

from vantage6.client import Client, TaskFailedError

DATA = Path(__file__).parents[1] / "data"
COVARIATES = ["age", "bmi", "smoker"]


@pytest.fixture
def client(v6_environment: dict[str, str]) -> Iterator[Client]:
    """Connect as a script does, with the collaboration and the private key of the environment."""
    with Client.from_env() as client:
        yield client


def pooled() -> list[dict[str, float | None]]:
    """Return all patients, which only a test can see together."""
    patients = []
    for file in sorted(DATA.glob("*.csv")):
        with file.open(newline="") as lines:
            rows = csv.DictReader(lines)
            patients += [{k: float(v) if v else None for k, v in row.items()} for row in rows]
    return patients


def test_statistics_equal_those_of_the_pooled_data(client: Client) -> None:
    found = describe(client, ["age", "bmi"])
    for column, summary in found.items():
        values = [row[column] for row in pooled()]
        known = [value for value in values if value is not None]
        expected = Summary(
            len(known),
            len(values) - len(known),
            pytest.approx(statistics.fmean(known), rel=1e-12),
            pytest.approx(statistics.stdev(known), rel=1e-12),
        )
        assert summary == expected


def test_regression_has_the_greatest_likelihood_of_the_pooled_data(client: Client) -> None:
    model = regress(client, "readmitted", COVARIATES)
    complete = [row for row in pooled() if None not in row.values()]
    assert model.count == len(complete)
    assert 4 < model.rounds < 10

    def slope(coefficients: list[float], number: int) -> float:
        """Return the derivative of the log-likelihood by one coefficient, patient by patient."""
        total = 0.0
        for row in complete:
            x = [1.0, *(row[name] for name in COVARIATES)]
            chance = 1 / (1 + math.exp(-sum(map(math.prod, zip(coefficients, x, strict=True)))))
            total += (row["readmitted"] - chance) * x[number]
        return total

    # The likelihood has one maximum, where all derivatives are zero.
    best = list(model.coefficients.values())
    assert [slope(best, number) for number in range(4)] == pytest.approx([0] * 4, abs=1e-7)
    # The errors are those of the curvature there, by differences of the derivatives.
    width = 1e-5
    curvature = []
    for number in range(4):
        moved = [[*best], [*best]]
        moved[0][number] -= width
        moved[1][number] += width
        low, high = ([slope(each, of) for of in range(4)] for each in moved)
        curvature.append([(a - b) / (2 * width) for a, b in zip(low, high, strict=True)])
    for number, error in enumerate(model.errors.values()):
        variance = [0.0] * 4
        variance[number] = 1.0
        assert solve(curvature, variance)[number] == pytest.approx(error**2, rel=1e-4)


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a positive definite system by elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i, row in enumerate(rows):
        for other in rows[i + 1 :]:
            factor = other[i] / row[i]
            other[:] = [a - factor * b for a, b in zip(other, row, strict=True)]
    found = [0.0] * len(rows)
    for i in reversed(range(len(rows))):
        known = sum(rows[i][j] * found[j] for j in range(i + 1, len(rows)))
        found[i] = (rows[i][-1] - known) / rows[i][i]
    return found


def test_unknown_column_fails_with_a_reason(client: Client) -> None:
    with pytest.raises(TaskFailedError, match="KeyError"):
        describe(client, ["weight"])
