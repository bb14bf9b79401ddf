"""Fetch the results of a task."""

from __future__ import annotations

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from ..._rows.results import ResultRows, organizations_of
from ..._tasks.decoding import open_results
from ...errors import DecryptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._backend.rows import Run
    from ..._http.large_texts import OnTransfer
    from ..core.core import Core


async def fetch_results(
    core: Core,
    task_id: int,
    runs: Sequence[Run] | None = None,
    since: float | None = None,
    on_transfer: OnTransfer | None = None,
) -> ResultRows:
    """Fetch the results of a task, still encoded, with names requested after `since`."""
    since = monotonic() if since is None else since
    listing = partial(core.backend.server.list_results, task_id=task_id)
    rows = await core.rows(listing, options=core.blobs.receiving(on_transfer))
    if runs is None:
        runs = await core.rows(partial(core.backend.server.list_runs, task_id=task_id))
    ids = [row["id"] for run in runs if (row := run.get("organization"))]
    organizations = organizations_of(runs, await core.names.organizations(ids, since))
    limit = core.http.limits.max_response_bytes
    return ResultRows(reversed(rows), rows.links, organizations=organizations, max_bytes=limit)


async def open_readable(core: Core, results: ResultRows) -> DecryptionError | None:
    """Decode results in place; return the error about unreadable ones."""
    reader = await core.blobs.results(results)
    try:
        open_results(results, reader)
    except DecryptionError as error:
        return error
    return None
