"""Average over all organizations, on servers 4.x and on HQ 5.x (asynchronous)."""

import asyncio

from vantage6.client import AsyncClient, Extraction


async def average(client: AsyncClient, column: str) -> float:
    """Return the average of a column over all organizations."""
    parts = await client.task.run(
        organizations="all",
        name=f"average {column}",
        image="harbor2.vantage6.ai/demo/average",
        method="partial_average",
        kwargs={"column_name": column},
        databases=[Extraction("default", "read_csv")],
        action="federated_compute",
    )
    return sum(part["sum"] for part in parts) / sum(part["count"] for part in parts)


async def main() -> None:
    """Connect with the settings of the environment, and compute."""
    async with await AsyncClient.from_env() as client:
        print(f"{await average(client, 'age'):.6f}")


if __name__ == "__main__":
    asyncio.run(main())
