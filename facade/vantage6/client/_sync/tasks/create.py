# Derived by unasync.py: edit facade/vantage6/client/_async/tasks/create.py instead.
"""Create a task exactly once."""

from __future__ import annotations

import time
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from ..._rows.pages import SORT
from ..._tasks.request import matches_request
from ..._utils.backoff import LOST_RESPONSE
from ..._utils.logging import LOGGER
from ..._utils.time import server_time
from ...errors import (
    InvalidResponseError,
    ServerError,
    TaskCreationUncertainError,
    TransportError,
    Vantage6Error,
)

if TYPE_CHECKING:
    from ..._backend.rows import Task, TaskInput
    from ..core.core import Core

# Of the user's newest tasks, so many are looked at.
NEWEST = 20
# A proxy that says so has passed the request on.
PASSED_ON = frozenset({502, 504})


def create(core: Core, body: TaskInput) -> Task:
    """Create a task; the request for it is sent once, whatever comes back."""
    began = monotonic()
    try:
        task = core.send(core.backend.server.create_task(body))
    except (TransportError, ServerError, InvalidResponseError) as error:
        if not _is_uncertain(error):
            raise
        lost = error
    else:
        core.state.created.add(task["id"])
        return task
    for pause in LOST_RESPONSE.delays:
        time.sleep(pause)
        try:
            found = _find_created(core, body, began)
        except Vantage6Error:  # not now; the last word is with what was lost
            continue
        if found:
            core.state.created.add(found["id"])
            LOGGER.warning("The answer was lost, but task %s has been created", found["id"])
            return found
    method, url = lost.method, lost.url
    reason = str(lost).removeprefix(f"{method} {url}").lstrip(": ")
    raise TaskCreationUncertainError(
        reason, method=method, url=url, name=body.get("name", "")
    ) from lost


def _is_uncertain(error: TransportError | ServerError | InvalidResponseError) -> bool:
    """Return whether the server may have done what it was asked for."""
    if isinstance(error, TransportError):
        return error.may_have_arrived
    return isinstance(error, InvalidResponseError) or error.status in PASSED_ON


def _find_created(core: Core, wanted: TaskInput, began: float) -> Task | None:
    """Look for a task that was asked for since a moment on this machine's own clock."""
    who, place = core.whoami.id_, wanted.get("collaboration_id")
    call = core.backend.server.list_tasks(
        init_user_id=who, collaboration_id=place, page=1, per_page=NEWEST, sort=SORT
    )
    body, response = core.exchange(call)
    since = server_time(response.date, time.time()) - (monotonic() - began)
    for task in body["data"]:
        if task["id"] in core.state.created or not matches_request(task, wanted, since):
            continue
        runs = core.rows(partial(core.backend.server.list_runs, task_id=task["id"]))
        there = {
            place["id"]: run.get("input") for run in runs if (place := run.get("organization"))
        }
        if there == {part["id"]: part.get("input") for part in wanted["organizations"]}:
            return task
    return None
