# Derived from facade/vantage6/client/_async/_creating.py by unasync.py: edit that instead.
"""Creates a task, once: if the answer is lost, finds out whether the task is there."""

from __future__ import annotations

import time
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from .._call import read
from .._listing import SORT
from .._settings import LOGGER
from .._task import is_asked_for, server_time
from ..errors import (
    InvalidResponseError,
    ServerError,
    TaskCreationUncertainError,
    TransportError,
    Vantage6Error,
)

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Task, TaskInput

    from ._session import Session

# Seconds before each look for a task whose answer was lost: the server may be at it still.
LOOKS = (0.5, 1.0, 2.0, 4.0)
# Of the user's newest tasks, so many are looked at.
NEWEST = 20
# A proxy that says so has passed the request on.
PASSED_ON = frozenset({502, 504})


def create(session: Session, body: TaskInput) -> Task:
    """Create a task; the request for it is sent once, whatever comes back.

    Parameters
    ----------
    session : Session
        The connection to the server.
    body : TaskInput
        The task.

    Returns
    -------
    Task
        Its row.

    Raises
    ------
    TaskCreationUncertainError
        When the answer was lost, and the task cannot be found.
    """
    began = monotonic()
    try:
        task = session.send(calls.create_task(body))
    except (TransportError, ServerError, InvalidResponseError) as error:
        if not _is_unclear(error):
            raise
        lost = error
    else:
        session.state.created.add(task["id"])
        return task
    for pause in LOOKS:
        time.sleep(pause)
        try:
            found = _look(session, body, began)
        except Vantage6Error:  # not now; the last word is with what was lost
            continue
        if found:
            session.state.created.add(found["id"])
            LOGGER.warning("The answer was lost, but task %s has been created", found["id"])
            return found
    method, url = lost.method, lost.url
    reason = str(lost).removeprefix(f"{method} {url}").lstrip(": ")
    raise TaskCreationUncertainError(
        reason, method=method, url=url, name=body.get("name", "")
    ) from lost


def _is_unclear(error: TransportError | ServerError | InvalidResponseError) -> bool:
    """Tell whether the server may have done what it was asked for."""
    if isinstance(error, TransportError):
        return error.may_have_arrived
    return isinstance(error, InvalidResponseError) or error.status in PASSED_ON


def _look(session: Session, body: TaskInput, began: float) -> Task | None:
    """Look for a task that was asked for since a moment on this machine's own clock."""
    who, place = session.whoami.id_, body.get("collaboration_id")
    call = calls.list_tasks(
        init_user_id=who, collaboration_id=place, page=1, per_page=NEWEST, sort=SORT
    )
    answer = session.http.exchange(call)
    rows = read(call, answer)["data"]
    since = server_time(answer.date, time.time()) - (monotonic() - began)
    for task in rows:
        if task["id"] in session.state.created or not is_asked_for(task, body, since):
            continue
        runs = session.rows(partial(calls.list_runs, task_id=task["id"]))
        there = {
            place["id"]: run.get("input") for run in runs if (place := run.get("organization"))
        }
        if there == {part["id"]: part.get("input") for part in body["organizations"]}:
            return task
    return None
