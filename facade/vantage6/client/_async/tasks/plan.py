"""Gather what is known about a task before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ..._backend.node_config import published
from ..._encryption.large_inputs import LargeInput
from ..._rows.pages import PAGE_SIZE
from ..._tasks.plan import (
    Asked,
    Plan,
    check_arguments,
    check_right,
    checks_of,
    columns_of,
    history_of,
    scopes_of,
)
from ..._utils.time import server_time
from ...errors import ConfigurationError, PermissionDeniedError, StatusError

if TYPE_CHECKING:
    from ..._backend.rows import Task
    from ..._http.large_texts import OnTransfer
    from ..core.core import Core
    from .create import PreparedTask

# The newest tasks of an image, by whose runs the duration is estimated.
HISTORY = 20


@dataclass(frozen=True)
class SendablePlan(Plan):
    """What is known about a task that has not been sent."""

    prepared: PreparedTask = field(kw_only=True, repr=False, compare=False)

    async def send(self, on_transfer: OnTransfer | None = None) -> Task:
        """Create the task as it was prepared, even if something is not met.

        Parameters
        ----------
        on_transfer : callable, optional
            Called while inputs are uploaded, as in ``client.task.create``.

        Returns
        -------
        Task
            The new task.

        Raises
        ------
        Vantage6Error
            Any error of ``client.task.create``.

        Examples
        --------
        >>> plan = await client.task.plan(
        ...     organizations=["IKNL", "Maastro"],
        ...     name="average age",
        ...     image="harbor2.vantage6.ai/demo/average",
        ...     method="partial_average",
        ...     kwargs={"column_name": "age"},
        ...     collaboration="demo",
        ...     databases="default",
        ... )
        >>> plan.ok
        True
        >>> task = await plan.send()
        """
        task, _ = await self.prepared.send(on_transfer)
        return task


async def make_plan(
    prepared: PreparedTask, function: Mapping[str, Any], *, history: bool
) -> SendablePlan:
    """Return what is known about a prepared task, with at most three requests without history."""
    core, recipients, place = prepared.core, prepared.recipients, prepared.place
    rules, now = await _own_rules(core)
    nodes = await _rows_or_none(
        core, partial(core.backend.server.list_nodes, collaboration_id=place.collaboration_id)
    )
    scopes = {"global", "collaboration"} & scopes_of(rules or (), "node", "view")
    by_organization = {node["organization"]["id"]: node for node in nodes or ()}
    own_id = core.whoami.organization_id
    is_member = True if own_id in by_organization or own_id in recipients.ids else None
    found, why = await _store_function(prepared, function["method"])
    kwargs: Mapping[str, Any] = function.get("kwargs") or {}
    asked = Asked(
        images=[prepared.parts["image"], *prepared.plan.images],
        user_id=core.whoami.id_,
        organization_id=own_id,
        organization_name=core.whoami.organization_name,
        nodes_match_senders=core.backend.nodes_match_senders,
        labels=prepared.plan.labels,
        columns=columns_of(found, kwargs),
        is_encrypted=recipients.keys is not None,
        frames=await _data_frames(prepared),
    )
    past, basis = dict[int, dict[str, object]](), ""
    if history:
        past, basis = await _history(prepared, function["method"])
    names = recipients.names
    if not names.keys() >= {*recipients.ids} and found is None:  # instead of the store's request
        names = await core.names.organizations(recipients.ids)
    rows: list[dict[str, Any]] = []
    for id_ in recipients.ids:
        node = by_organization.get(id_)
        shared = published(node.get("config") or ()) if node else None
        row = {"id": id_, "organization": names.get(id_) or f"organization {id_}"}
        row |= checks_of(asked, id_, node, shared, now, sees_all=bool(scopes) and nodes is not None)
        rows.append(row | (past.get(id_, {"waiting": 0, "seconds": None}) if history else {}))
    return SendablePlan(
        rows=rows,
        right=check_right(rules, is_member=is_member),
        arguments=check_arguments(found, kwargs, len(function.get("args") or ()), why),
        bytes_to_send=await _size(prepared),
        basis=basis,
        prepared=prepared,
    )


async def _own_rules(core: Core) -> tuple[Sequence[Mapping[str, Any]] | None, float | None]:
    """Return the rules of the user, and the server's time."""
    try:
        body, response = await core.exchange(core.backend.own_rules(core.whoami.id_, PAGE_SIZE))
    except StatusError:
        return None, None
    now = server_time(response.date, -1.0)
    is_all = not body["links"].get("next")
    return body["data"] if is_all else None, None if now < 0 else now


async def _rows_or_none(core: Core, listing: Any) -> Sequence[Mapping[str, Any]] | None:
    """Return the rows of a listing, or None if you may not view them."""
    try:
        return await core.rows(listing)
    except PermissionDeniedError:
        return None


async def _store_function(
    prepared: PreparedTask, method: str
) -> tuple[Mapping[str, Any] | None, str]:
    """Return the function in the chosen store, or why it is unknown."""
    core, image = prepared.core, prepared.parts["image"]
    if prepared.store_id is None:
        return None, "the task names no store"
    try:
        store = core.store
    except ConfigurationError:
        store = None
    if store is None or store.id_ != prepared.store_id:
        return None, "the store is not the one chosen with client.store.set"
    try:
        rows = await store.rows(partial(core.backend.store.list_algorithms, image=image))
    except StatusError as error:
        return None, f"the store does not list its algorithms: {error.message}"
    functions = [each for row in rows if row["image"] == image for each in row["functions"]]
    named = [each for each in functions if each["name"] == method]
    return (named[0], "") if len(named) == 1 else (None, "the store does not know the function")


async def _data_frames(prepared: PreparedTask) -> list[Mapping[str, Any]]:
    """Return the existing data frames of a task, as sending it looks them up."""
    found: list[Mapping[str, Any]] = []
    steps = prepared.core.backend.complete_task(prepared.plan, prepared.place)
    await prepared.core.run_plan(steps, read=found)
    return [row for row in found if "organizations_ready" in row]


async def _history(prepared: PreparedTask, method: str) -> tuple[dict[int, dict[str, object]], str]:
    """Return the runs that wait and the usual durations, and what these are based on."""
    core, image, place = prepared.core, prepared.parts["image"], prepared.place
    server, where = core.backend.server, {"collaboration_id": place.collaboration_id}
    try:
        listing = partial(server.list_tasks, image=image, include=["runs"], **where)
        tasks = await core.rows(listing, 1, HISTORY)
        runs = await core.rows(partial(server.list_runs, state="open", **where))
    except PermissionDeniedError:
        return {}, "you may not view the history"
    past: Any = tasks
    what = "this function" if any("method" in task for task in past) else "this image"
    return history_of(past, runs, method), f"durations of the newest tasks of {what}"


async def _size(prepared: PreparedTask) -> int:
    """Return the size of the inputs, as they are sent."""
    data, recipients = prepared.data, prepared.recipients
    if await prepared.core.blobs.is_there():
        return len(data) * len(recipients.ids)
    if recipients.keys is None:
        return LargeInput(data).size * len(recipients.ids)
    from ..._encryption.cipher import Encryptor

    return sum(LargeInput(data, Encryptor(key)).size for key in recipients.keys.values())
