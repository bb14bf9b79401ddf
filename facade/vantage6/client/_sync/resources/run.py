# Derived by unasync.py: edit facade/vantage6/client/_async/resources/run.py instead.
"""The runs of tasks at organizations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._rows.references import id_of
from ..._rows.rows import Rows
from ..._rows.selection import check_period, filter_rows
from ..._tasks.decoding import open_input, open_inputs
from ...errors import InvalidInputError
from .base import Resource

if TYPE_CHECKING:
    from ..._backend.rows import Run
    from ..._rows.pages import Listing, PageOf
    from ..._rows.references import IdOrRow, Ref
    from ..._waiting.logs import LogLine


class Runs(Resource):
    """The runs of tasks: one for each organization, with its status, log and input."""

    def get(
        self,
        id_: IdOrRow,
        include_task: bool = False,
        decrypt_input: bool = True,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Run:
        """Return a run.

        Parameters
        ----------
        id_ : int or row
            Id or row of the run.
        include_task : bool
            Whether ``["task"]`` contains the task itself instead of a reference.
        decrypt_input : bool
            Whether to return the input as the JSON text that was sent. An encrypted input can be
            read in runs of your own organization, with its key; in other runs it stays encrypted.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Run
            The run.

        Raises
        ------
        NotFoundError
            If the id does not exist.
        PermissionDeniedError
            If you do not have permission to view it.
        DecryptionError
            If the input should be readable but is not.

        Examples
        --------
        >>> (client.run.get(1))["status"]
        'completed'
        """
        selection = self._selection("get_run", field, fields)
        call = self._server.get_run(id_of(id_, "run"), include="task" if include_task else None)
        run = self._core.send(call)
        if decrypt_input:
            run = open_input(run, self._core.blobs.inputs([run]))
        return self._selected(run, selection)

    def list(
        self,
        task: Ref | None = None,
        organization: Ref | None = None,
        state: str | None = None,
        node: Ref | None = None,
        include_task: bool = False,
        started: tuple[str | None, str | None] | None = None,
        assigned: tuple[str | None, str | None] | None = None,
        finished: tuple[str | None, str | None] | None = None,
        port: int | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Run]:
        """List runs: those of a task in the order of its organizations, others the newest first.

        Parameters
        ----------
        task : int, str or row, optional
            Task that the runs belong to.
        organization : int, str or row, optional
            Organization that executes the runs.
        state : str, optional
            ``"open"`` for runs that have not finished.
        node : int, str or row, optional
            Node that executes the runs.
        include_task : bool
            Whether ``["task"]`` contains the task itself instead of a reference.
        started, assigned, finished : tuple of two str, optional
            Range of times, first and last (``yyyy-mm-dd``); None leaves that end open.
        port : int, optional
            Port that the runs use. The server cannot filter by port, so the client does.
        page, per_page : int, optional
            Single page to return, the newest runs first, and its number of rows. By default, all
            rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("status", "crashed")``; or several such pairs.

        Returns
        -------
        Rows of Run
            The matching rows, with inputs as in `get`.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view these runs.
        DecryptionError
            If an input should be readable but is not. The error's `runs` has all rows, with None
            for such inputs.

        Examples
        --------
        >>> client.run.list(state="open", fields=["id", "status"])
        [{'id': ..., 'status': 'active'}]
        """
        selection = self._selection("list_runs", field, fields, filter_, filters)
        if state not in (None, "open"):
            raise InvalidInputError(
                f"state: expected 'open' or None, got {state!r}. For a status, pass "
                "filter_=('status', 'completed')."
            )
        started_from, started_till = check_period("started", started)
        assigned_from, assigned_till = check_period("assigned", assigned)
        finished_from, finished_till = check_period("finished", finished)
        listing = partial(
            self._server.list_runs,
            task_id=self._optional_id("task", task),
            organization_id=self._optional_id("organization", organization),
            state=state,
            node_id=self._optional_id("node", node),
            include=["task"] if include_task else None,
            started_from=started_from,
            started_till=started_till,
            assigned_from=assigned_from,
            assigned_till=assigned_till,
            finished_from=finished_from,
            finished_till=finished_till,
        )
        rows = self._rows(listing, page, per_page)
        if task is not None and page is None and per_page is None:
            rows.reverse()
        if port is not None:
            rows = filter_rows(
                rows, lambda run: any(used.get("port") == port for used in run.get("ports", ()))
            )
        return selection.of_rows(rows)

    def from_task(
        self,
        task_id: Ref,
        include_task: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Run]:
        """List all runs of a task, in the order of its organizations.

        Parameters
        ----------
        task_id : int, str or row
            Name, id or row of the task.
        include_task : bool
            Whether ``["task"]`` contains the task itself instead of a reference.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("status", "crashed")``; or several such pairs.

        Returns
        -------
        Rows of Run
            The matching rows, with inputs as in `get`.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        BadRequestError
            If the task does not exist.
        PermissionDeniedError
            If you do not have permission to view it.
        DecryptionError
            If an input should be readable but is not. The error's `runs` has all rows, with None
            for such inputs.

        Examples
        --------
        >>> for run in client.run.from_task("average age"):
        ...     print(run["id"], run["status"])
        1 completed
        2 completed
        """
        selection = self._selection("list_runs", field, fields, filter_, filters)
        include = ["task"] if include_task else None
        listing = partial(
            self._server.list_runs, task_id=self._id("task", task_id), include=include
        )
        rows = self._rows(listing)
        rows.reverse()
        return selection.of_rows(rows)

    def stream_logs(self, run: IdOrRow) -> Iterator[LogLine]:
        """Stream the lines of a run's log: the existing ones, then each new one as it arrives.

        The stream ends with the run. No line is repeated, and none is lost if the connection
        breaks. If events are not available, the client polls.

        Parameters
        ----------
        run : int or row
            Id or row of the run.

        Yields
        ------
        LogLine
            A line. Its ``text`` is the text that the algorithm wrote; ``print(line)`` also shows
            the name of the organization.

        Raises
        ------
        NotFoundError
            If the run does not exist.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> for line in client.run.stream_logs(1):
        ...     print(line.text)
        info...Summing the column 'age' of ... rows...
        """
        from ..tasks.wait import stream_logs

        return stream_logs(self._core, None, id_of(run, "run"))

    def _rows(
        self, listing: Listing[PageOf[Run]], page: int | None = None, per_page: int | None = None
    ) -> Rows[Run]:
        rows = self._core.rows(listing, page, per_page)
        return open_inputs(rows, self._core.blobs.inputs(rows))
