"""The tasks that organizations are asked to run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from vantage6.bindings.server import calls

from ..._rows.names import Scope
from ..._rows.rows import Rows
from ..._rows.selection import Selection, filter_rows
from ..._tasks.encoding import serialize
from ..._tasks.request import (
    check_distinct,
    check_organizations,
    database_list,
    encrypted_inputs,
    plain_inputs,
    public_keys,
    task_input,
)
from ..._utils.logging import LOGGER
from ..._utils.threads import run_in_thread
from ..._waiting.polling import check_display_options, check_times
from ...errors import EncryptionNotSetUpError, InvalidInputError
from ..tasks.create import create
from .base import Named

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Message, Task, TaskInput, TaskOrganization

    from ..._display.views import ProgressOption
    from ..._encryption.blobs import OnTransfer
    from ..._rows.references import Ref
    from ..._waiting.logs import LogLine
    from ..._waiting.polling import OnFailure
    from ..core.core import Core

# In the class below, `list` is a method.
Outputs: TypeAlias = list[Any]


class Tasks(Named["Task"]):
    """The tasks: an algorithm, its input, and the organizations that are to run it."""

    _kind = "task"

    async def get(
        self,
        id_: Ref,
        include_results: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Task:
        """Look up a task.

        Parameters
        ----------
        id_ : int, str or row
            The task: its name, id or row.
        include_results : bool
            Whether to put the result rows, as they are stored, into ``["results"]`` in place of a
            link. ``client.result.from_task`` gives them in readable form.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Task
            The task.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.

        Examples
        --------
        >>> await client.task.get("average age", fields=["name", "status"])
        {'name': 'average age', 'status': 'completed'}
        """
        include = ["results"] if include_results else None
        return await self._get(
            calls.get_task(await self._resolve(id_), include=include), field, fields
        )

    async def list(
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
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Task]:
        """List tasks, the newest first.

        The server cannot filter by `store`, `run` and `status`, so the client does, among the rows
        it gets; a single page may become shorter by it.

        Parameters
        ----------
        initiating_org, initiating_user : int, str or row, optional
            Keep the tasks that this organization, or this user, created.
        collaboration : int, str or row, optional
            Keep the tasks of this collaboration; by default of the one that
            ``setup_collaboration`` chose, if any.
        study : int, str or row, optional
            Keep the tasks of this study.
        store : int, str or row, optional
            Keep the tasks whose algorithm came from this store.
        image : str, optional
            Keep tasks with this algorithm; ``%`` stands for any characters, ``_`` for one.
        parent : int, str or row, optional
            Keep the subtasks of this task.
        job : int, optional
            Keep the tasks of this job: a task and all its subtasks.
        name, description : str, optional
            Keep tasks with these, with the same signs as in `image`.
        include_results : bool
            Whether to put the result rows, as they are stored, into ``["results"]`` in place of a
            link.
        database : str, optional
            Keep the tasks that use the database of this label.
        run : int, optional
            Keep the task of this run.
        status : str, optional
            Keep tasks in this status, such as ``"active"`` or ``"completed"``.
        user_created : bool, optional
            Keep the tasks that users created, or the subtasks that algorithms created.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("job_id", 4)``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Task
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        BadRequestError
            When something that is named here does not exist.
        PermissionDeniedError
            When you may not see these tasks.

        Examples
        --------
        >>> await client.task.list(name="average a%", fields=["id", "status"])
        [{'id': 1, 'status': 'completed'}]
        """
        listing = partial(
            calls.list_tasks,
            init_org_id=await self._optional_id("organization", initiating_org),
            init_user_id=await self._optional_id("user", initiating_user),
            collaboration_id=await self._collaboration_id(collaboration),
            study_id=await self._optional_id("study", study),
            image=image,
            parent_id=await self._optional_id("task", parent),
            job_id=job,
            name=name,
            include=["results"] if include_results else None,
            description=description,
            database=database,
            is_user_created=None if user_created is None else int(user_created),
        )
        selection = Selection(field, fields, filter_, filters)
        rows = await self._core.rows(listing, page, per_page)
        # The server promises to filter by these three too, and fails when it tries.
        if store is not None:
            store_id = await self._id("store", store)
            rows = filter_rows(
                rows, lambda task: (task.get("algorithm_store") or {}).get("id") == store_id
            )
        if status is not None:
            rows = filter_rows(rows, lambda task: task["status"] == status)
        if run is not None:
            of_run = (await self._core.send(calls.get_run(run)))["task"]["id"]
            rows = filter_rows(rows, lambda task: task["id"] == of_run)
        return selection.of_rows(rows)

    async def create(
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
        databases: str | Mapping[str, object] | Sequence[str | Mapping[str, object]] | None = None,
        *,
        method: str | None = None,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        on_transfer: OnTransfer | None = None,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Task:
        """Ask organizations to run an algorithm.

        The task starts at each organization as soon as its node is online; this call does not
        wait for it, ``client.wait_for_results`` does. In an encrypted collaboration the input is
        encrypted for each organization.

        Parameters
        ----------
        organizations : sequence of int, str or row
            The organizations that are to run it.
        name : str
            Name of the task, for people.
        image : str
            The algorithm: the name of its Docker image.
        description : str
            What the task is for.
        input_ : dict, optional
            What to run: the name of a function under ``"method"``, and its arguments under
            ``"args"`` (a list) and ``"kwargs"`` (a dict). Sent as JSON: the function gets dates as
            ISO 8601 text, a numpy array or pandas Series as a list, a Series with names as a dict,
            and a DataFrame as a dict of its columns, which ``pandas.DataFrame(x)`` makes it from
            again. Indexes that would be lost, bytes and other objects are refused.
        collaboration : int, str or row, optional
            The collaboration to run it in. By default that of `study`, if given, else the one
            that ``setup_collaboration`` chose.
        study : int, str or row, optional
            The study to run it in.
        store : int, str or row, optional
            The algorithm store that the algorithm comes from.
        server_url : str, optional
            The address by which that store knows this server, where the server does not tell.
        databases : str, dict, or list of these, optional
            Labels of the databases to use. A dict has a ``"label"``, and may have ``"query"``,
            ``"sheet_name"`` and ``"preprocessing"``.
        method : str, optional
            The name of the function to run, in place of `input_`.
        args, kwargs : sequence and dict, optional
            Its arguments, by position and by name; they go with `method`.
        on_transfer : callable, optional
            Called with two numbers while inputs are stored in the server's blob store, if it has
            one: the bytes that are done, and how many there are for all organizations together.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Task
            The new task; its ``["id"]`` is what ``client.wait_for_results`` wants.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        InvalidInputError
            When an argument cannot work, such as an input that JSON cannot hold; nothing was sent.
        EncryptionNotSetUpError
            When the collaboration is encrypted and ``setup_encryption`` was given no key, or when
            an organization has no public key; no task was created.
        UntrustedKeyError
            When the server gives another public key for an organization than before
            (`PublicKeyChangedError`), or one that a strict client does not know; no task was
            created.
        NotEncryptedError
            When the server says that the collaboration is not encrypted, and it was before; no task
            was created.
        BadRequestError
            When the server finds fault with the task.
        PermissionDeniedError
            When you may not create tasks in this collaboration.
        UnsupportedServerVersionError
            When something in `databases` came with a later version of the server; no task was
            created.
        TaskCreationUncertainError
            When the answer was lost, and no such task can be found on the server. It is asked for
            once; where the answer is lost and the task is there, that one is returned.

        Examples
        --------
        >>> task = await client.task.create(
        ...     collaboration="demo",
        ...     organizations=["IKNL", "Maastro"],
        ...     name="average age",
        ...     image="harbor2.vantage6.ai/demo/average",
        ...     method="partial_average",
        ...     kwargs={"column_name": "age"},
        ...     databases=["default"],
        ... )
        >>> results = await client.wait_for_results(task)
        """
        selection = Selection(field, fields)
        name_of_input = "" if input_ is None else "input_"
        data = serialize(task_input(input_, method, args, kwargs), name_of_input)
        database_rows = database_list(databases)
        place, study_id = await self._place(collaboration, study)
        members = Scope("study", study_id) if study_id else Scope("collaboration", place)
        ids = await self._ids(
            "organization", check_organizations(organizations), "organizations", members
        )
        check_distinct(ids)
        body: TaskInput = {
            "name": name,
            "image": image,
            "description": description,
            "collaboration_id": place,
            "organizations": await _inputs(self._core, ids, data, place, on_transfer),
            "databases": database_rows,
        }
        if study_id is not None:
            body["study_id"] = study_id
        if store is not None:
            body["store_id"] = await self._id("store", store)
        if server_url is not None:
            body["server_url"] = server_url
        task = await create(self._core, body)
        plural = "" if len(ids) == 1 else "s"
        LOGGER.info("Created task %s for %s organization%s", task["id"], len(ids), plural)
        return selection.of_row(task)

    async def run(
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
        databases: str | Mapping[str, object] | Sequence[str | Mapping[str, object]] | None = None,
        *,
        method: str | None = None,
        args: Sequence[object] | None = None,
        kwargs: Mapping[str, object] | None = None,
        on_transfer: OnTransfer | None = None,
        interval: float = 1,
        timeout: float | None = None,
        on_failure: OnFailure = "raise",
        progress: ProgressOption = None,
        logs: bool = False,
    ) -> Outputs:
        """Ask organizations to run an algorithm, wait for that, and give what it returned.

        It is `create` and ``client.wait_for_results`` in one call, with the arguments of both.

        Parameters
        ----------
        organizations, name, image, description, input_
            As in `create`.
        collaboration, study, store, server_url, databases, method, args, kwargs, on_transfer
            As in `create`.
        interval, timeout, on_failure, progress, logs
            As in ``client.wait_for_results``.

        Returns
        -------
        list
            What the algorithm returned at each organization, in their order, as Python values. With
            ``on_failure="return"``, None where it failed.

        Raises
        ------
        InvalidInputError
            When an argument cannot work; nothing was sent.
        TaskFailedError
            When a run failed; its `results` has those there are.
        WaitTimeoutError
            When the time is up. The task runs on: the error's `task_id` tells which it is.
        DecryptionError
            When a result cannot be read, or is not JSON.
        Vantage6Error
            Whatever else `create` and ``client.wait_for_results`` raise.

        Examples
        --------
        >>> await client.task.run(
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
        from ..tasks.wait import (
            wait_for,  # not above: not all programs wait, and it takes time to load
        )

        check_times(interval, timeout)
        check_display_options(on_failure, progress)
        task = await self.create(
            organizations,
            name,
            image,
            description,
            input_,
            collaboration,
            study,
            store,
            server_url,
            databases,
            method=method,
            args=args,
            kwargs=kwargs,
            on_transfer=on_transfer,
        )
        refs = [task["id"]]
        waiting = wait_for(self._core, refs, interval, timeout, on_failure, progress, logs)
        (rows,) = await waiting
        return rows.outputs

    def stream_logs(self, task: Ref) -> AsyncIterator[LogLine]:
        """Give the lines of a task's logs, those there are and then each as it comes.

        The lines of all its runs come, and those of its subtasks. It ends with the task; no line
        comes twice, and none is lost when the connection breaks. Where events cannot be heard, the
        client looks again and again.

        Parameters
        ----------
        task : int, str or row
            The task: its id, name or row.

        Yields
        ------
        LogLine
            A line; its ``text`` is what the algorithm wrote, and ``print(line)`` shows it with the
            name of the organization.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is no such task.
        PermissionDeniedError
            When you may not see it.

        Examples
        --------
        >>> async for line in client.task.stream_logs("average age"):
        ...     print(line)
        IKNL | ...Summing the column 'age' of ... rows
        ...
        Maastro | ...Summing the column 'age' of ... rows...
        """
        from ..tasks.wait import stream_logs

        return stream_logs(self._core, task)

    async def _place(self, collaboration: Ref | None, study: Ref | None) -> tuple[int, int | None]:
        """Find the collaboration of a new task, and the study in it."""
        if collaboration is None and study is not None:
            study_id = await self._id("study", study)
            row = await self._core.send(calls.get_study(study_id))
            return row["collaboration"]["id"], study_id
        chosen = await self._collaboration_id(collaboration)
        if chosen is None:
            raise InvalidInputError(
                "a task needs a collaboration or a study; setup_collaboration() chooses one for "
                "all calls"
            )
        return chosen, await self._optional_id("study", study, Scope("collaboration", chosen))

    async def delete(self, id_: Ref) -> Message:
        """Delete a task, its runs and its subtasks; what still runs is killed.

        After one of its runs has failed, the server does not have the others killed: they work on
        to their end, and nobody hears of them. Let them end first.

        Parameters
        ----------
        id_ : int, str or row
            The task: its name, id or row.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is no such task.
        PermissionDeniedError
            When you may not delete it.

        Examples
        --------
        >>> answer = await client.task.delete("average height")
        """
        return await self._send_message(calls.delete_task(await self._resolve(id_)))

    async def kill(self, id_: Ref) -> Message:
        """Stop a task at all its nodes. The task remains, as ``"killed by user"``.

        Parameters
        ----------
        id_ : int, str or row
            The task: its name, id or row.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        BadRequestError
            When the task has finished already. To the server it has as soon as one of its runs has
            failed: runs at other organizations then cannot be stopped, and go on to their end.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is no such task.
        PermissionDeniedError
            When you may not kill it.

        Examples
        --------
        >>> answer = await client.task.kill("long")
        """
        return await self._send_message(calls.kill_task({"id": await self._resolve(id_)}))


async def _inputs(
    core: Core,
    ids: Sequence[int],
    data: bytes,
    collaboration: int,
    on_transfer: OnTransfer | None,
) -> list[TaskOrganization]:
    """Write the input for each organization, encrypted if the collaboration is."""
    row = await core.send(calls.get_collaboration(collaboration))
    key = core.private_key
    if await run_in_thread(core.trust.allows_plain, row, has_key=key is not None):
        if await core.blobs.is_there():
            return await core.blobs.put_inputs(ids, data, None, on_transfer)
        return plain_inputs(ids, data)
    if key is None:
        raise EncryptionNotSetUpError(
            f"collaboration {collaboration} ({row.get('name')}) is encrypted: give "
            "setup_encryption() your organization's private key before you create a task"
        )
    from ..._encryption.keys import public_key_of

    listing = partial(calls.list_organizations, collaboration_id=collaboration)
    members = await core.rows(listing)
    own = core.whoami.organization_id, public_key_of(key)
    await run_in_thread(core.trust.check_keys, ids, members, own)
    if await core.blobs.is_there():
        return await core.blobs.put_inputs(ids, data, public_keys(ids, members), on_transfer)
    return encrypted_inputs(ids, data, members)
