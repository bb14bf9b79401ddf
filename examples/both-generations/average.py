"""Average over all organizations, on servers 4.x and on HQ 5.x."""

from vantage6.client import Client, Extraction


def average(client: Client, column: str) -> float:
    """Return the average of a column over all organizations."""
    parts = client.task.run(
        organizations="all",
        name=f"average {column}",
        image="harbor2.vantage6.ai/demo/average",
        method="partial_average",
        kwargs={"column_name": column},
        databases=[Extraction("default", "read_csv")],
        action="federated_compute",
    )
    return sum(part["sum"] for part in parts) / sum(part["count"] for part in parts)


if __name__ == "__main__":
    with Client.from_env() as client:
        print(f"{average(client, 'age'):.6f}")
