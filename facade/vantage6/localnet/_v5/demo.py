"""The averages of the demo: extraction, federated and central compute in one session."""

from typing import TYPE_CHECKING, cast

from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._v5.driver import driver

if TYPE_CHECKING:
    from vantage6.localnet._network import LocalNetwork
    from vantage6.localnet._v5.driver import Driver

Part = dict[str, float]


def averages(network: "LocalNetwork", column: str) -> tuple[dict[int, float], float]:
    """Return the average of a column at each organization, and that over all."""
    ids = [organization.id for organization in network.organizations]
    with driver(network) as researcher:
        session = researcher.session()
        frame = _extract(researcher, session, ids)
        task = researcher.compute(session, ids, "partial_average", [frame], column_name=column)
        parts = cast("dict[int, Part]", researcher.results(task))
        task = researcher.compute(
            session,
            ids[:1],
            "central_average",
            [frame],
            action="central_compute",
            column_name=column,
        )
        (central,) = cast("dict[int, Part]", researcher.results(task)).values()
    return {id_: part["sum"] / part["count"] for id_, part in parts.items()}, central["average"]


def _extract(researcher: "Driver", session: int, organizations: list[int]) -> int:
    """Extract the default database at all organizations, and return the data frame's id."""
    frame = researcher.extract(session, organizations)["id"]
    if not researcher.wait_for_frame(frame)["ready"]:
        raise LocalNetworkError(f"data frame {frame}: expected to be ready after its extraction.")
    return frame
