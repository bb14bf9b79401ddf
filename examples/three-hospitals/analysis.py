"""Mean, deviation and regression over all hospitals, on HQ 5.x."""

import numpy as np

from vantage6.client import Client

IMAGE = "example/hospital"
COLUMNS = ["age", "height", "weight"]


def analyze(client: Client) -> None:
    """Extract the data, keep the patients over 50, and print the results."""
    client.dataframe.create("default", IMAGE, "read_csv", name="patients")
    client.dataframe.preprocess("patients", IMAGE, "older_than", {"column": "age", "limit": 50})
    client.dataframe.wait("patients")

    common = {"image": IMAGE, "databases": "patients", "action": "federated_compute"}
    parts = client.task.run(
        "all", "table", method="describe", kwargs={"columns": COLUMNS}, **common
    )
    for column in COLUMNS:
        count, total, squares = (
            sum(part[column][key] for part in parts) for key in ("count", "sum", "squares")
        )
        mean = total / count
        print(f"{column} {count} {mean:.4f} {(squares / count - mean**2) ** 0.5:.4f}")

    arguments = {"x": ["age", "height"], "y": "weight"}
    parts = client.task.run("all", "regression", method="products", kwargs=arguments, **common)
    xx, xy = (np.sum([part[key] for part in parts], axis=0) for key in ("xx", "xy"))
    print("weight", *(f"{value:.6f}" for value in np.linalg.solve(xx, xy)))


if __name__ == "__main__":
    with Client.from_env() as client, client.session.open("three hospitals"):
        analyze(client)
