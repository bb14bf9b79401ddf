# Derived by unasync.py: edit facade/vantage6/client/_async/resources/task.py instead.
"""The tasks of the organizations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from ..._backend.former_names import explains_former
from ..._backend.positions import positions_of_5
from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import filter_rows
from ..._tasks.encoding import serialize
from ..._tasks.repeat import failed_organizations, question_of, readable_input
from ..._tasks.request import (
    check_organizations,
    either_arguments,
    task_input,
)
from ..._waiting.arguments import check_display_options, check_times, enough_of
from ..._waiting.statuses import has_failed
from ...errors import InvalidInputError
from ..tasks.create import PreparedTask
from ..tasks.inputs import recipients_of
from .base import Named
from .session import Placed

if TYPE_CHECKING:
    from ..._backend.databases import Databases
    from ..._backend.rows import Message, Task
    from ..._display.notify import NotifyOption
    from ..._display.timeline import Timeline
    from ..._display.views import ProgressOption
    from ..._http.large_texts import OnTransfer
    from ..._rows.references import Ref
    from ..._waiting.arguments import OnFailure
    from ..._waiting.explain import Explanation
    from ..._waiting.logs import LogLine
    from ..tasks.plan import SendablePlan

# In the class below, `list` is a method.
Outputs: TypeAlias = list[Any]


class Tasks(Placed, Named["Task"]):
    """The tasks: an algorithm, its input and the organizations that run it."""

    _kind = "task"

    def get(
        self,
        id_: Ref,
        include_results: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Task:
        """Return a task.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the task.
        include_results : bool
            Whether ``["results"]`` contains the result rows, as stored, instead of a link.
            ``client.result.from_task`` returns them in readable form.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Task
            The task.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> client.task.get("average age", fields=["name", "status"])
        {'name': 'average age', 'status': 'completed'}
        """
        include = ["results"] if include_results else None
        selection = self._selection("get_task", field, fields)
        steps = self._core.backend.get_task(self._resolve(id_), include)
        row: Any = self._core.run_plan(steps)
        return self._selected(row, selection)

    @explains_former("initiator", "result", "include_metadata")
    @positions_of_5(
        "initiating_org",
        "initiating_user",
        "collaboration",
        "study",
        "store",
        "image",
        "parent",
        "job",
        "name",
        "include_results",
        "description",
        "database",
        "run",
        "status",
        "user_created",
        "session",
        "dataframe",
        "page",
        "per_page",
    )
    def list(
        self,
        initiating_org: Ref | None = None,
        initiating_user: Ref | None = None,
        collaboration: Ref | None = None,
        study: Ref | None = None,
        store: Ref | None = None,
        image: str | None = None,
        parent: Ref | None = None,
        job: int | None = None,
        name: str | None = None,
        include_results: bool = False,
        description: str | None = None,
        database: str | None = None,
        run: int | None = None,
        status: str | None = None,
        user_created: bool | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        session: Ref | None = None,
        dataframe: Ref | None = None,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Task]:
        """List tasks, the newest first.

        The server cannot filter by `store`, `run` and `status`, so the client filters the rows that
        it receives. A single page may become shorter as a result.

        Parameters
        ----------
        initiating_org, initiating_user : int, str or row, optional
            Organization and user that created the tasks.
        collaboration : int, str or row, optional
            Collaboration that the tasks belong to. By default, the one chosen with
            ``setup_collaboration``, if any.
        study : int, str or row, optional
            Study that the tasks belong to.
        store : int, str or row, optional
            Store that the algorithms of the tasks came from.
        image : str, optional
            Docker image of the tasks' algorithms; ``%`` matches any characters, ``_`` exactly one.
        parent : int, str or row, optional
            Task whose subtasks are listed.
        job : int, optional
            Job that the tasks belong to: a task and all its subtasks.
        name, description : str, optional
            Name and description of the tasks, with the same wildcards as in `image`.
        include_results : bool
            Whether ``["results"]`` contains the result rows, as stored, instead of a link.
        database : str, optional
            Label of a database that the tasks use.
        run : int, optional
            Id of a run of the task.
        status : str, optional
            Status of the tasks, such as ``"active"`` or ``"completed"``.
        user_created : bool, optional
            True selects tasks created by users, False subtasks created by algorithms.
        session, dataframe : int, str or row, optional
            Session of the tasks, and data frame that they extract or change (HQ).
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("job_id", 4)``; or several such pairs.

        Returns
        -------
        Rows of Task
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        BadRequestError
            If something referred to in the arguments does not exist.
        PermissionDeniedError
            If you do not have permission to view these tasks.

        Examples
        --------
        >>> client.task.list(name="average a%", fields=["id", "status"])
        [{'id': 1, 'status': 'completed'}]
        """
        selection = self._selection("list_tasks", field, fields, filter_, filters)
        self._core.contract.check_value("list_tasks", "status", status)
        if not isinstance(user_created, bool | int | None):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInputError(
                f"user_created: expected True or False, got {type(user_created).__name__}"
            )
        listing = partial(
            self._server.list_tasks,
            init_org_id=self._optional_id("organization", initiating_org),
            init_user_id=self._optional_id("user", initiating_user),
            collaboration_id=self._collaboration_id(collaboration),
            study_id=self._optional_id("study", study),
            image=image,
            parent_id=self._optional_id("task", parent),
            job_id=job,
            name=name,
            include=["results"] if include_results else None,
            description=description,
            database=database,
            is_user_created=None if user_created is None else int(bool(user_created)),
            **self._core.backend.only_in_5(
                "list_tasks",
                session_id=self._optional_id("session", session),
                dataframe_id=self._optional_id("dataframe", dataframe),
            ),
        )
        rows = self._core.rows(listing, page, per_page)
        # The server's API has filters for these three too, but fails when they are used.
        if store is not None:
            store_id = self._id("store", store)
            rows = filter_rows(
                rows, lambda task: (task.get("algorithm_store") or {}).get("id") == store_id
            )
        if status is not None:
            rows = filter_rows(rows, lambda task: task["status"] == status)
        if run is not None:
            task_id = (self._core.send(self._server.get_run(run)))["task"]["id"]
            rows = filter_rows(rows, lambda task: task["id"] == task_id)
        return selection.of_rows(rows)

    @explains_former("input", "data_format", "database")
    @positions_of_5(
        "organizations",
        "name",
        "image",
        "description",
        "method",
        "arguments",
        "session",
        "collaboration",
        "study",
        "store",
        "databases",
        "action",
    )
    def create(
        self,
        organizations: Sequence[Ref],
        name: str,
        image: str,
        description: str = "",
        input_: Mapping[str, object] | None = None,
        collaboration: Ref | None = None,
        study: Ref | None = None,
        store: Ref | None = None,
        server_url: str | None = None,
        databases: Databases = None,
        *,
        method: str | None = None,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        arguments: Mapping[str, object] | None = None,
        session: Ref | None = None,
        action: str | None = None,
        on_transfer: OnTransfer | None = None,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Task:
        """Create a task: a request to organizations to run an algorithm.

        The task starts at each organization as soon as its node is online. This call does not wait
        for the task; ``client.wait_for_results`` does. In an encrypted collaboration, the input is
        encrypted for each organization.

        Parameters
        ----------
        organizations : sequence of int, str or row
            Organizations that run the task; ``"all"`` for all of the study or the collaboration.
        name : str
            Human-readable name of the task.
        image : str
            Name of the algorithm's Docker image.
        description : str
            Purpose of the task.
        input_ : dict, optional
            Input of the algorithm: the name of a function under ``"method"``, and its arguments
            under ``"args"`` (a list) and ``"kwargs"`` (a dict). Sent as JSON: the function receives
            dates as ISO 8601 text, a numpy array or pandas Series as a list, a Series with names as
            a dict, and a DataFrame as a dict of its columns, from which ``pandas.DataFrame(x)``
            restores it. Indexes that would be lost, bytes and other objects are refused.
        collaboration : int, str or row, optional
            Collaboration to run the task in. By default, that of `study`, if given, otherwise the
            one chosen with ``setup_collaboration``.
        study : int, str or row, optional
            Study to run the task in.
        store : int, str or row, optional
            Algorithm store that the algorithm comes from.
        server_url : str, optional
            Address under which that store knows this server, if the server does not report it.
        databases : str, dict, row, Extraction, or list of these, optional
            Labels of the databases to use. A dict has a ``"label"``, and optionally ``"query"``,
            ``"sheet_name"`` and ``"preprocessing"``. HQ 5.x takes data frames instead: names, ids
            or rows, one for each argument of the function, or a list of them for an argument that
            takes several. An `Extraction` works on both: at HQ, this call first waits for the data
            frame.
        method : str, optional
            Name of the function to run, instead of `input_`.
        args, kwargs : sequence and dict, optional
            Positional and keyword arguments of the function; only with `method`. HQ has no
            positional ones.
        arguments : dict, optional
            The same as `kwargs`, by its name in version 5.
        session : int, str or row, optional
            Session of HQ to run the task in. By default, the one chosen with ``setup_session``,
            that of the data frames, or else one that the client creates and logs.
        action : str, optional
            What the function does at HQ: ``"federated_compute"`` or ``"central_compute"``. Required
            there unless `store` knows the function; without meaning on servers 4.x.
        on_transfer : callable, optional
            Called while inputs are uploaded, if the server has a blob store or they are 512 KiB or
            more together. Receives the number of bytes so far and the total for all organizations
            together.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Task
            The new task. Pass its ``["id"]`` to ``client.wait_for_results``.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        InvalidInputError
            If an argument is not valid, such as an input that JSON cannot represent; nothing is
            sent.
        EncryptionNotSetUpError
            If the collaboration is encrypted and no key was passed to ``setup_encryption``, or if
            an organization has no public key; no task is created.
        UntrustedKeyError
            If the server returns a different public key for an organization than before
            (`PublicKeyChangedError`), or one that a strict client does not know; no task is
            created.
        NotEncryptedError
            If the server reports the collaboration as unencrypted, but it was encrypted before; no
            task is created.
        BadRequestError
            If the server rejects the task as invalid.
        PermissionDeniedError
            If you do not have permission to create tasks in this collaboration.
        UnsupportedServerVersionError
            If `databases` uses something that the server's version does not support; no task is
            created.
        TaskFailedError
            If an `Extraction` failed at one of the organizations; no task is created.
        TaskCreationUncertainError
            If the response was lost and no such task can be found on the server. The request is
            sent only once; if the response is lost but the task exists, that task is returned.

        Examples
        --------
        >>> task = client.task.create(
        ...     collaboration="demo",
        ...     organizations=["IKNL", "Maastro"],
        ...     name="average age",
        ...     image="harbor2.vantage6.ai/demo/average",
        ...     method="partial_average",
        ...     kwargs={"column_name": "age"},
        ...     databases=["default"],
        ... )
        >>> results = client.wait_for_results(task)
        """
        selection = self._selection("create_task", field, fields)
        prepared = self._prepare(
            organizations,
            without_none(name=name, image=image, description=description, server_url=server_url),
            task_input(input_, method, args, either_arguments(kwargs, arguments)),
            None if input_ is None else "input_",
            (collaboration, study, session),
            (databases, action, store),
        )
        task, _ = prepared.send(on_transfer)
        return self._selected(task, selection)

    def _prepare(
        self,
        organizations: Sequence[Ref],
        parts: dict[str, Any],
        function: Mapping[str, object],
        path: str | None,
        where: tuple[Ref | None, Ref | None, Ref | None],
        uses: tuple[Databases, str | None, Ref | None],
    ) -> PreparedTask:
        """Check the arguments of a task and resolve its names; nothing is sent to anyone."""
        plan = self._core.backend.plan_task(function, *uses)
        data = serialize(plan.payload, plan.path if path is None else path)
        parts = plan.body | parts
        self._core.contract.check_body("create_task", parts)
        place = self._place(*where)
        refs = check_organizations(organizations)
        recipients = recipients_of(self._core, refs, place.collaboration_id, place.study_id)
        store_id = self._optional_id("store", uses[2])
        return PreparedTask(self._core, plan, parts, data, place, recipients, store_id)

    def plan(
        self,
        organizations: Sequence[Ref],
        name: str,
        image: str,
        description: str = "",
        input_: Mapping[str, object] | None = None,
        collaboration: Ref | None = None,
        study: Ref | None = None,
        store: Ref | None = None,
        server_url: str | None = None,
        databases: Databases = None,
        *,
        method: str | None = None,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        arguments: Mapping[str, object] | None = None,
        session: Ref | None = None,
        action: str | None = None,
        history: bool = False,
    ) -> SendablePlan:
        """Return what is known about a task before it is sent; create nothing.

        The arguments are those of `create`, with the same checks and errors. For each organization,
        the plan says whether it has a node that is online, whether the node accepts the image and
        you, and whether it has the data: yes, no or unknown, each with the reason and the source.
        ``plan.send()`` creates the task as it was prepared.

        Parameters
        ----------
        organizations : sequence of int, str or row
            Organizations that would run the task, as in `create`.
        name, image, description : str
            Name, Docker image and purpose of the task.
        input_ : dict, optional
            Input of the algorithm, as in `create`.
        collaboration, study, store : int, str or row, optional
            Collaboration and study of the task, and algorithm store of the algorithm. If that store
            was chosen with ``client.store.set``, the arguments are checked against the function.
        server_url : str, optional
            Address under which that store knows this server.
        databases : str, dict, row, Extraction, or list of these, optional
            Databases or data frames to use, as in `create`.
        method : str, optional
            Name of the function to run, instead of `input_`.
        args, kwargs : sequence and dict, optional
            Positional and keyword arguments of the function; only with `method`.
        arguments : dict, optional
            Keyword arguments of the function, as `kwargs`.
        session : int, str or row, optional
            Session of the data frames (HQ), as in `create`.
        action : str, optional
            What the function does (HQ), as in `create`.
        history : bool
            Whether to add the number of runs that wait at each organization, and the usual duration
            of a run there. This takes two more requests.

        Returns
        -------
        Plan
            What is known, with ``send()``. ``print(plan)`` shows it.

        Raises
        ------
        Vantage6Error
            Any error that `create` raises before it sends the task.

        Examples
        --------
        >>> plan = client.task.plan(
        ...     organizations=["IKNL", "Maastro"],
        ...     name="average age",
        ...     image="harbor2.vantage6.ai/demo/average",
        ...     method="partial_average",
        ...     kwargs={"column_name": "age"},
        ...     collaboration="demo",
        ...     databases="default",
        ... )
        >>> plan.ok, plan.ready
        (True, [1, 2])
        >>> print(plan.rows[0]["image"].reason)
        the node allows all images
        """
        from ..tasks.plan import make_plan  # not all programs plan

        function = task_input(input_, method, args, either_arguments(kwargs, arguments))
        prepared = self._prepare(
            organizations,
            without_none(name=name, image=image, description=description, server_url=server_url),
            function,
            None if input_ is None else "input_",
            (collaboration, study, session),
            (databases, action, store),
        )
        return make_plan(prepared, function, history=history)

    @explains_former("input", "data_format", "database")
    def run(
        self,
        organizations: Sequence[Ref],
        name: str,
        image: str,
        description: str = "",
        input_: Mapping[str, object] | None = None,
        collaboration: Ref | None = None,
        study: Ref | None = None,
        store: Ref | None = None,
        server_url: str | None = None,
        databases: Databases = None,
        *,
        method: str | None = None,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        arguments: Mapping[str, object] | None = None,
        session: Ref | None = None,
        action: str | None = None,
        on_transfer: OnTransfer | None = None,
        interval: float = 1,
        timeout: float | None = None,
        on_failure: OnFailure = "raise",
        progress: ProgressOption = None,
        logs: bool = False,
        at_least: int | None = None,
        after: float = 0,
        notify: NotifyOption = None,
    ) -> Outputs:
        """Run an algorithm at organizations, wait for it to finish, and return its results.

        Combines `create` and ``client.wait_for_results``, with the arguments of both.

        Parameters
        ----------
        organizations : sequence of int, str or row
            Organizations that run the task; ``"all"`` for all of the study or the collaboration.
        name : str
            Human-readable name of the task.
        image : str
            Name of the algorithm's Docker image.
        description : str
            Purpose of the task.
        input_ : dict, optional
            Input of the algorithm, with ``"method"``, ``"args"`` and ``"kwargs"``, as in `create`.
        collaboration, study, store : int, str or row, optional
            Collaboration and study to run the task in, and algorithm store of the algorithm.
        server_url : str, optional
            Address under which that store knows this server, if the server does not report it.
        databases : str, dict, row, Extraction, or list of these, optional
            Databases or data frames to use, as in `create`.
        method : str, optional
            Name of the function to run, instead of `input_`.
        args, kwargs : sequence and dict, optional
            Positional and keyword arguments of the function; only with `method`.
        arguments : dict, optional
            Keyword arguments of the function, as `kwargs`.
        session : int, str or row, optional
            Session of the data frames (HQ), as in `create`.
        action : str, optional
            What the function does (HQ), as in `create`.
        on_transfer : callable, optional
            Called while inputs are uploaded, as in `create`.
        interval : float
            Polling interval in seconds, as in ``client.wait_for_results``.
        timeout : float, optional
            Maximum seconds to wait; by default there is no limit.
        on_failure : {"raise", "return"}
            What to do when a run fails: raise an error at once, or wait for the other runs.
        progress : bool or callable, optional
            How to show the progress of the runs, as in ``client.wait_for_results``.
        logs : bool
            Whether to print the log lines of the algorithms as they arrive.
        at_least : int, optional
            Number of results that suffice, as in ``client.wait_for_results``.
        after : float
            Seconds before `at_least` results suffice.
        notify : callable or "desktop", optional
            How to tell you that the task has ended, as in ``client.wait_for_results``.

        Returns
        -------
        list
            Results of the algorithm at each organization, in their order, as Python values. With
            ``on_failure="return"`` or `at_least`, None for runs without a result.

        Raises
        ------
        InvalidInputError
            If an argument is not valid; nothing is sent.
        TaskFailedError
            If a run failed. The error's `results` has the available results.
        WaitTimeoutError
            If `timeout` is exceeded. The task continues to run; its id is the error's `task_id`.
        DecryptionError
            If a result cannot be read, or is not JSON.
        Vantage6Error
            Any other error of `create` and ``client.wait_for_results``.

        Examples
        --------
        >>> client.task.run(
        ...     organizations=["IKNL", "Maastro"],
        ...     name="average age",
        ...     image="harbor2.vantage6.ai/demo/average",
        ...     method="partial_average",
        ...     kwargs={"column_name": "age"},
        ...     collaboration="demo",
        ...     databases="default",
        ... )
        [{'sum': 3473.0, 'count': 58}, {'sum': 2645.0, 'count': 45}]
        """
        # Imported here because not all programs wait, and the import takes time.
        from ..tasks.wait import wait_for

        check_times(interval, timeout)
        check_display_options(on_failure, progress)
        enough_of(at_least, after, None if isinstance(organizations, str) else len(organizations))
        prepared = self._prepare(
            organizations,
            without_none(name=name, image=image, description=description, server_url=server_url),
            task_input(input_, method, args, either_arguments(kwargs, arguments)),
            None if input_ is None else "input_",
            (collaboration, study, session),
            (databases, action, store),
        )
        task, timeout = prepared.send(on_transfer, timeout, progress)
        wait = (interval, timeout, on_failure, progress, logs, at_least, after, notify)
        (rows,) = wait_for(self._core, [task["id"]], *wait)
        return rows.outputs

    def retry(
        self,
        task: Ref,
        *,
        method: str | None = None,
        kwargs: Mapping[str, object] | None = None,
        databases: Databases = None,
        name: str | None = None,
    ) -> Task:
        """Ask the organizations where a task failed once more, by a new task.

        The new task has the image, collaboration, study, store, databases and input of the first
        one. The input is known if this client created the task (up to 1 MiB, for its last 100
        tasks), and in collaborations without encryption; otherwise, pass it. Runs that have not
        ended are left alone.

        Parameters
        ----------
        task : int, str or row
            Id, name or row of the task.
        method : str, optional
            Name of the function to run, if it is not to be the same.
        kwargs : dict, optional
            Arguments of the function by name, in place of all that it had.
        databases : str, dict, row, or list of these, optional
            Databases or data frames to use instead, as in `create`.
        name : str, optional
            Name of the new task, if it is not to be the same.

        Returns
        -------
        Task
            The new task.

        Raises
        ------
        InvalidInputError
            If no run of the task has failed, or its input is neither known nor passed.
        Vantage6Error
            Any error of `create`.

        Examples
        --------
        >>> task = client.task.create(
        ...     collaboration="demo",
        ...     organizations=["IKNL"],
        ...     name="average of a wrong name",
        ...     image="harbor2.vantage6.ai/demo/average",
        ...     method="partial_average",
        ...     kwargs={"column_name": "hight"},
        ...     databases="default",
        ... )
        >>> (client.wait_for_results(task, on_failure="return")).outputs
        [None]
        >>> again = client.task.retry(task, kwargs={"column_name": "height"})
        >>> (client.wait_for_results(again)).by_organization
        {'IKNL': {'sum': ..., 'count': 58}}
        """
        row = self.get(task)
        runs = self._core.rows(partial(self._server.list_runs, task_id=row["id"]))
        failed = [run for run in runs[::-1] if has_failed(run["status"])]
        organizations = failed_organizations(row, runs, failed)
        payload = self._core.state.inputs.get(row["id"])
        payload = payload or readable_input(runs, self._core.backend.input_field)
        known = self._core.backend.repeat_task(row, payload, with_databases=databases is None)
        known |= without_none(method=method, kwargs=kwargs, databases=databases, name=name)
        return self.create(organizations, **question_of(row, known))

    def explain(self, task: Ref) -> Explanation:
        """Explain what is the matter with a task at each organization, and who can do what.

        Says only what the server, the nodes and the logs report. Takes up to four requests.

        Parameters
        ----------
        task : int, str or row
            Name, id or row of the task.

        Returns
        -------
        Explanation
            What is known. ``print(explanation)`` shows it.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> explanation = client.task.explain("average age")
        >>> print(explanation.findings[0].text)
        it has ended with a result
        """
        from ..tasks.explain import explain  # not all programs explain

        return explain(self._core, self._resolve(task))

    def stream_logs(self, task: Ref) -> Iterator[LogLine]:
        """Stream the lines of a task's logs: the existing ones, then each new one as it arrives.

        Includes the lines of all its runs and of its subtasks. The stream ends with the task. No
        line is repeated, and none is lost if the connection breaks. If events are not available,
        the client polls.

        Parameters
        ----------
        task : int, str or row
            Name, id or row of the task.

        Yields
        ------
        LogLine
            A line. Its ``text`` is the text that the algorithm wrote; ``print(line)`` also shows
            the name of the organization.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> for line in client.task.stream_logs("average age"):
        ...     print(line)
        IKNL | ...Summing the column 'age' of ... rows
        ...
        Maastro | ...Summing the column 'age' of ... rows...
        """
        from ..tasks.wait import stream_logs

        return stream_logs(self._core, task)

    def timeline(self, id_: Ref) -> Timeline:
        """Return when the runs of a task and its subtasks were asked for, began and ended.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the task.

        Returns
        -------
        Timeline
            The times by organization. ``print`` draws them as text, and a notebook as a picture.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> print(client.task.timeline("average age"))
        average age (task ...): 2 of 2 done, since ...
        IKNL     ...█  done in ...
        Maastro  ...█  done in ...
        """
        from ..tasks.timeline import timeline_of

        return timeline_of(self._core, self._resolve(id_))

    def delete(self, id_: Ref) -> Message:
        """Delete a task, its runs and its subtasks. Active runs are killed.

        After one of its runs has failed, the server does not kill the others: they continue to the
        end, but are no longer reported. Let them finish first.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the task.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = client.task.delete("average height")
        """
        return self._send_message(self._server.delete_task(self._resolve(id_)))

    def kill(self, id_: Ref) -> Message:
        """Stop a task at all its nodes. The task remains, with the status ``"killed by user"``.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the task.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        BadRequestError
            If the task has already finished. The server regards a task as finished as soon as one
            of its runs has failed: runs at other organizations then cannot be stopped, and continue
            to the end.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to kill it.

        Examples
        --------
        >>> message = client.task.kill("long")
        """
        return self._send_message(self._server.kill_task({"id": self._resolve(id_)}))
