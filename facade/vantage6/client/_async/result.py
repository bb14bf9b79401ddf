"""The results of runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from .._listing import Rows
from .._resolve import id_of
from .._results import open_result, open_results
from ._resource import Resource

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Result

    from .._resolve import IdOrRow, Ref


class Results(Resource):
    """What algorithms gave back, decoded and, in encrypted collaborations, decrypted."""

    async def get(self, id_: IdOrRow) -> str | None:
        """Get the result of one run.

        Parameters
        ----------
        id_ : int or row
            The run: its id or row.

        Returns
        -------
        str or None
            What the algorithm gave back, as JSON text; None while there is no result.

        Raises
        ------
        NotFound
            When there is no such run.
        PermissionDenied
            When you may not see it.
        DecryptionError
            When the result cannot be read.

        Examples
        --------
        >>> json.loads(await client.result.get(5))
        {'sum': 2531.0, 'count': 60}
        """
        row = await self._session.send(calls.get_result(id_of(id_, "result")))
        return open_result(row, self._session.private_key)["result"]

    async def from_task(self, task_id: Ref) -> Rows[Result]:
        """Get the results of all runs of a task, in the order of the organizations asked.

        Parameters
        ----------
        task_id : int, str or row
            The task: its name, id or row.

        Returns
        -------
        Rows of Result
            A row for each run. Its ``["result"]`` is what the algorithm gave back, as JSON text,
            or None while there is no result; its ``["run"]["id"]`` tells which run it is from.

        Raises
        ------
        BadRequest
            When there is no such task.
        PermissionDenied
            When you may not see it.
        DecryptionError
            When results cannot be read; its `results` has all rows, with None in their place.

        Examples
        --------
        >>> [json.loads(row["result"]) for row in await client.result.from_task(12)]
        [{'sum': 2531.0, 'count': 60}, {'sum': 1804.0, 'count': 40}]
        """
        listing = partial(calls.list_results, task_id=await self._id("task", task_id))
        rows = await self._session.rows(listing)
        rows.reverse()
        return open_results(rows, self._session.private_key)
