"""Create a task exactly once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..._http.context import SendOptions
from ..._http.large_texts import is_same_text
from ..._http.request import without_none
from ..._rows.pages import SORT
from ..._tasks.request import describe_organizations, matches_request
from ..._utils.logging import LOGGER
from ..._utils.pauses import LOST_RESPONSE
from ..._utils.time import server_time
from ...errors import (
    InvalidResponseError,
    ServerError,
    TaskCreationUncertainError,
    TransportError,
    Vantage6Error,
)
from .frames import Extractor
from .inputs import Recipients, inputs_for

if TYPE_CHECKING:
    from ..._backend.databases import Place, TaskPlan
    from ..._backend.rows import Task, TaskInput
    from ..._display.views import ProgressOption
    from ..._http.large_texts import OnTransfer
    from ..core.core import Core

# The number of the user's newest tasks to search for a task whose creation got no response.
NEWEST = 20
# With these statuses, a proxy has forwarded the request.
PASSED_ON = frozenset({502, 504})


@dataclass(frozen=True)
class PreparedTask:
    """A task whose arguments are checked and whose names are resolved, ready to be sent."""

    core: Core
    plan: TaskPlan
    parts: dict[str, Any]
    data: bytes
    place: Place
    recipients: Recipients
    store_id: int | None

    async def send(
        self,
        on_transfer: OnTransfer | None = None,
        timeout: float | None = None,
        progress: ProgressOption = None,
    ) -> tuple[Task, float | None]:
        """Create the task; return it, and what is left of the timeout after extractions."""
        core, place, names = self.core, self.place, self.recipients.names
        inputs = await inputs_for(core, self.recipients, self.data, on_transfer)
        ids = self.recipients.ids
        extract = Extractor(core, place, self.parts["image"], ids, self.store_id)
        async with core.session_lock:
            steps = core.backend.complete_task(self.plan, place)
            fields: Mapping[str, Any] = await core.run_plan(steps, extract=extract)
        left = await extract.wait(timeout, progress)
        body: Any = {**self.parts, **fields} | without_none(
            collaboration_id=place.collaboration_id,
            study_id=place.study_id,
            store_id=self.store_id,
            organizations=inputs,
        )
        task = await create(core, body, on_transfer)
        core.state.inputs.add(task["id"], self.data)
        LOGGER.info("Created task %s for %s", task["id"], describe_organizations(inputs, names))
        offline, asked = core.state.offline.get(place.collaboration_id, ((), 0.0))
        if absent := [part for part in inputs if part["id"] in offline]:
            LOGGER.warning(
                "Task %s: %.0f s ago, nodes were offline at %s",
                task["id"],
                monotonic() - asked,
                describe_organizations(absent, names),
            )
        return task, left


async def create(core: Core, body: TaskInput, on_transfer: OnTransfer | None = None) -> Task:
    """Create a task; the request is sent once, regardless of the response."""
    options = SendOptions(on_transfer=on_transfer)
    began = monotonic()
    try:
        task = await core.send(core.backend.server.create_task(body), options)
    except (TransportError, ServerError, InvalidResponseError) as error:
        if not _is_uncertain(error):
            raise
        lost = error
    else:
        core.state.created.add(task["id"])
        return task
    for pause in LOST_RESPONSE.delays:
        await asyncio.sleep(pause)
        try:
            found = await _find_created(core, body, began)
        except Vantage6Error:  # the error below reports the lost response
            continue
        if found:
            core.state.created.add(found["id"])
            LOGGER.warning("The response was lost, but task %s was created", found["id"])
            return found
    method, url = lost.method, lost.url
    reason = str(lost).removeprefix(f"{method} {url}").lstrip(": ")
    raise TaskCreationUncertainError(
        reason, method=method, url=url, name=body.get("name", "")
    ) from lost


def _is_uncertain(error: TransportError | ServerError | InvalidResponseError) -> bool:
    """Return whether the server may have executed the request."""
    if isinstance(error, TransportError):
        return error.may_have_arrived
    return isinstance(error, InvalidResponseError) or error.status in PASSED_ON


async def _find_created(core: Core, requested: TaskInput, began: float) -> Task | None:
    """Return the requested task if it was created after a time of this machine's clock."""
    call = core.backend.server.list_tasks(
        init_user_id=core.whoami.id_,
        collaboration_id=requested.get("collaboration_id"),
        page=1,
        per_page=NEWEST,
        sort=SORT,
    )
    body, response = await core.exchange(call)
    field = core.backend.input_field
    since = server_time(response.date, time.time()) - (monotonic() - began)
    for task in body["data"]:
        if task["id"] in core.state.created or not matches_request(task, requested, since):
            continue
        runs = await core.rows(partial(core.backend.server.list_runs, task_id=task["id"]))
        inputs = {
            organization["id"]: run.get(field)
            for run in runs
            if (organization := run.get("organization"))
        }
        sent = {part["id"]: part.get(field) for part in requested["organizations"]}
        if inputs.keys() != sent.keys():
            continue
        if all(is_same_text(text, inputs[id_]) for id_, text in sent.items()):
            return task
    return None
