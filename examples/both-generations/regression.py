"""Logistic regression in ten rounds, on servers 4.x and on HQ 5.x."""

from vantage6.client import Client, Extraction


def regression(client: Client, x: str, y: str, rounds: int = 10) -> list[float]:
    """Return intercept and slope of a regression of y (0 or 1) on x in decades around 50."""
    weights = [0.0, 0.0]
    for number in range(1, rounds + 1):
        parts = client.task.run(
            organizations="all",
            name=f"regression, round {number}",
            image="example/logistic",
            method="partial_step",
            kwargs={"x": x, "y": y, "weights": weights, "center": 50, "scale": 10},
            databases=[Extraction("default", "read_csv")],
            action="federated_compute",
        )
        (g0, g1), (a, b, c) = (
            [sum(values) for values in zip(*(part[name] for part in parts), strict=True)]
            for name in ("gradient", "hessian")
        )
        determinant = a * c - b * b
        weights[0] += (c * g0 - b * g1) / determinant
        weights[1] += (a * g1 - b * g0) / determinant
    return weights


if __name__ == "__main__":
    with Client.from_env() as client:
        intercept, slope = regression(client, "age", "smoker")
        print(f"{intercept:.6f} {slope:.6f}")
