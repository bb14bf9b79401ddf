# Derived by unasync.py: edit facade/vantage6/client/_async/resources/run.py instead.
"""The runs of tasks at the organizations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._encryption.reader import open_input, open_inputs
from ..._rows.references import id_of
from ..._rows.rows import Rows
from ..._rows.selection import Selection, check_period, filter_rows
from .base import Resource

if TYPE_CHECKING:
    from ..._backend.rows import Run
    from ..._rows.pages import Listing, PageOf
    from ..._rows.references import IdOrRow, Ref
    from ..._waiting.logs import LogLine


class Runs(Resource):
    """The execution of tasks: one run for each organization, with its status, log and input."""

    def get(
        self,
        id_: IdOrRow,
        include_task: bool = False,
        decrypt_input: bool = True,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Run:
        """Look up a run.

        Parameters
        ----------
        id_ : int or row
            The run: its id or row.
        include_task : bool
            Whether to put the task itself into ``["task"]`` in place of a reference.
        decrypt_input : bool
            Whether to give the input as the JSON text that was sent. An encrypted input can be
            read in runs of your own organization, with its key; elsewhere it stays as it is.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Run
            The run.

        Raises
        ------
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.
        DecryptionError
            When the input should be readable and is not.

        Examples
        --------
        >>> (client.run.get(1))["status"]
        'completed'
        """
        selection = Selection(field, fields)
        call = self._server.get_run(id_of(id_, "run"), include="task" if include_task else None)
        run = self._core.send(call)
        if decrypt_input:
            run = open_input(run, self._core.blobs.inputs([run]))
        return selection.of_row(run)

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
        """List runs, the newest first.

        Parameters
        ----------
        task : int, str or row, optional
            Keep the runs of this task.
        organization : int, str or row, optional
            Keep the runs at this organization.
        state : str, optional
            ``"open"`` keeps the runs that have not finished.
        node : int, str or row, optional
            Keep the runs at this node.
        include_task : bool
            Whether to put the task itself into ``["task"]`` in place of a reference.
        started, assigned, finished : tuple of two str, optional
            Keep runs within these times, first and last (``yyyy-mm-dd``); None leaves an end open.
        port : int, optional
            Keep the runs that use this port. The server cannot tell, so the client looks.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("status", "crashed")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Run
            The rows; inputs as in `get`.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        PermissionDeniedError
            When you may not see these runs.
        DecryptionError
            When an input should be readable and is not; its `runs` has all rows, with None there.

        Examples
        --------
        >>> client.run.list(state="open", fields=["id", "status"])
        [{'id': ..., 'status': 'active'}]
        """
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
        selection = Selection(field, fields, filter_, filters)
        rows = self._rows(listing, page, per_page)
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
        """List all runs of a task, in the order of the organizations it was sent to.

        Parameters
        ----------
        task_id : int, str or row
            The task: its name, id or row.
        include_task : bool
            Whether to put the task itself into ``["task"]`` in place of a reference.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("status", "crashed")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Run
            The rows; inputs as in `get`.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        BadRequestError
            When there is no such task.
        PermissionDeniedError
            When you may not see it.
        DecryptionError
            When an input should be readable and is not; its `runs` has all rows, with None there.

        Examples
        --------
        >>> for run in client.run.from_task("average age"):
        ...     print(run["id"], run["status"])
        1 completed
        2 completed
        """
        include = ["task"] if include_task else None
        listing = partial(
            self._server.list_runs, task_id=self._id("task", task_id), include=include
        )
        rows = self._rows(listing)
        rows.reverse()
        return Selection(field, fields, filter_, filters).of_rows(rows)

    def stream_logs(self, run: IdOrRow) -> Iterator[LogLine]:
        """Give the lines of a run's log, those there are and then each as it comes.

        It ends with the run; no line comes twice, and none is lost when the connection breaks.
        Where events cannot be heard, the client looks again and again.

        Parameters
        ----------
        run : int or row
            The run: its id or row.

        Yields
        ------
        LogLine
            A line; its ``text`` is what the algorithm wrote, and ``print(line)`` shows it with the
            name of the organization.

        Raises
        ------
        NotFoundError
            When there is no such run.
        PermissionDeniedError
            When you may not see it.

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
