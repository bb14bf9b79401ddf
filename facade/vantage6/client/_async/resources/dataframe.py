"""The data frames of sessions of HQ 5.x."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ..._tasks.encoding import serialize
from ..._tasks.request import task_input
from ..._waiting.arguments import check_times
from ...errors import InvalidInputError
from ..tasks.frames import nodes_of, session_task, start_extraction
from .session import Displayable, Placed, shown

if TYPE_CHECKING:
    from ..._backend.hq_rows import Dataframe, Message
    from ..._display.views import ProgressOption
    from ..._rows.references import Ref


class FrameColumn(TypedDict):
    """A column of a data frame, at all organizations."""

    name: str
    # Arrow's name of the type at each organization that has the column.
    types: dict[str, str | None]
    # Whether the organizations differ in its type, or some lack it.
    differs: bool
    # Whether it is the index that a filter on rows leaves, which no function receives.
    is_index: bool


class Dataframes(Placed, Displayable["Dataframe"]):
    """The data frames of HQ 5.x: tables extracted from a database at each organization.

    On servers 4.x, each method raises `UnsupportedServerVersionError`.
    """

    _kind = "dataframe"

    async def list(
        self,
        session: Ref | None = None,
        display: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Dataframe]:
        """List the data frames of a session.

        Parameters
        ----------
        session : int, str or row, optional
            Session of the data frames. By default, the one chosen with ``setup_session``.
        display : bool
            Whether to print the result, too.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("ready", True)``; or several such pairs.

        Returns
        -------
        Rows of Dataframe
            The data frames.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        InvalidInputError
            If no session is given and none was chosen.
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view them.

        Examples
        --------
        >>> await client.dataframe.list("survival", fields=["name", "ready"])
        [{'name': 'patients', 'ready': True}]
        """
        row = await self._required_session(session)
        selection = Selection(field, fields, filter_, filters)
        return shown(await self._dataframes(row["id"], selection), display)

    async def create(
        self,
        label: str,
        image: str,
        method: str,
        arguments: Mapping[str, object] | None = None,
        session: Ref | None = None,
        store: Ref | None = None,
        name: str | None = None,
        display: bool = False,
        *,
        organizations: Sequence[Ref] | None = None,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Dataframe:
        """Extract a data frame from a database at organizations.

        The extraction starts at each organization as soon as its node is online. This call does
        not wait for it; `wait` does.

        Parameters
        ----------
        label : str
            Label by which the nodes know the database.
        image : str
            Name of the Docker image of the algorithm that extracts.
        method : str
            Name of the function that extracts.
        arguments : dict, optional
            Its arguments by name.
        session : int, str or row, optional
            Session of the data frame. By default, the one chosen with ``setup_session``, or else
            one that the client creates in the chosen collaboration and logs.
        store : int, str or row, optional
            Algorithm store that the algorithm comes from.
        name : str, optional
            Name of the data frame, unique in the whole HQ: letters, digits, hyphens and
            underscores. HQ generates one by default.
        organizations : sequence of int, str or row, optional
            Organizations to extract at. By default, all those of the session's study or
            collaboration that have a node, which may be offline.
        display : bool
            Whether to print the result, too.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Dataframe
            The new data frame.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        InvalidInputError
            If an argument is invalid, or no session and no collaboration was chosen; no data frame
            is created.
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        EncryptionNotSetUpError
            If the collaboration is encrypted and no key was passed to ``setup_encryption``.
        BadRequestError
            If the name is in use, or a node does not share a database of this label.
        PermissionDeniedError
            If you do not have permission to create data frames in this session.

        Examples
        --------
        >>> frame = await client.dataframe.create(
        ...     "default", "harbor2.vantage6.ai/demo/average", "read_csv", session="survival"
        ... )
        >>> frame = await client.dataframe.wait(frame)
        """
        self._operations()
        selection = self._selection("create_dataframe", field, fields)
        data = _encoded(method, arguments)
        place = await self._place(None, None, session)
        if organizations is None:
            organizations = list(await nodes_of(self._core, place))
        store_id = await self._optional_id("store", store)
        task = await session_task(self._core, place, organizations, image, method, data, store_id)
        async with self._core.session_lock:
            session_id = await self._core.run_plan(self._core.backend.find_session(place))
        body: Any = without_none(label=label, name=name, task=task)
        row = await start_extraction(self._core, session_id, body)
        return shown(self._selected(row, selection), display)

    async def preprocess(
        self,
        id_: Ref,
        image: str,
        method: str,
        arguments: Mapping[str, object] | None = None,
        *,
        organizations: Sequence[Ref] | None = None,
        store: Ref | None = None,
        timeout: float | None = None,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Dataframe:
        """Change a data frame by a function, after its previous step has ended.

        HQ does not queue these steps, so this call waits for the previous one. It does not wait
        for tasks that compute with the data frame: such a task may read the data before or after.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the data frame.
        image, method : str
            Docker image of the algorithm, and name of its function.
        arguments : dict, optional
            Arguments of the function by name.
        organizations : sequence of int, str or row, optional
            Organizations at which to change the data frame. By default, those at which it is
            ready. At others, it can no longer be used.
        store : int, str or row, optional
            Algorithm store that the algorithm comes from.
        timeout : float, optional
            Maximum seconds to wait for the previous step; by default there is no limit.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Dataframe
            The data frame, which is not ready before this step has ended; see `wait`.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        InvalidInputError
            If the data frame is not ready at one of the organizations; nothing is sent.
        WaitTimeoutError
            If `timeout` passes before the previous step has ended.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to change it.

        Examples
        --------
        >>> frame = await client.dataframe.preprocess(
        ...     "patients",
        ...     "harbor2.vantage6.ai/demo/average",
        ...     "keep_between",
        ...     {"column_name": "age", "low": 50, "high": 70},
        ... )
        """
        preprocess_dataframe = self._operations().preprocess_dataframe
        selection = self._selection("preprocess_dataframe", field, fields)
        data = _encoded(method, arguments)
        row = await self._after_last_step(await self._resolve(id_), 1, timeout, None, "return")
        place = await self._place(None, None, row["session"])
        ready = row["organizations_ready"]
        if organizations is None:
            organizations = sorted(ready)
        store_id = await self._optional_id("store", store)
        task = await session_task(self._core, place, organizations, image, method, data, store_id)
        if lost := [part["id"] for part in task["organizations"] if part["id"] not in ready]:
            raise InvalidInputError(
                f"organizations: expected some of {sorted(ready)}, at which data frame "
                f"{row['name']!r} is ready, got {lost[0]}. Its last step failed there, or was not "
                "sent there. Only a new extraction includes this organization again."
            )
        call = preprocess_dataframe(row["id"], {"dataframe_id": row["id"], "task": task})
        return self._selected(await self._change(call), selection)

    async def wait(
        self,
        id_: Ref,
        interval: float = 1,
        *,
        timeout: float | None = None,
        progress: ProgressOption = None,
    ) -> Dataframe:
        """Wait until a data frame is ready at all organizations of its last step.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the data frame.
        interval, timeout, progress
            As in ``client.wait_for_results``.

        Returns
        -------
        Dataframe
            The data frame, with its columns.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        TaskFailedError
            If the extraction, or the last step, failed at an organization. The error shows each
            run's organization, status and last log lines. The data frame can still be used at the
            organizations in its ``["organizations_ready"]``.
        WaitTimeoutError
            If the timeout passes. The step continues.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.

        Examples
        --------
        >>> (await client.dataframe.wait("patients", timeout=600))["ready"]
        True
        """
        check_times(interval, timeout)
        return await self._after_last_step(
            await self._resolve(id_), interval, timeout, progress, "raise"
        )

    async def columns(self, id_: Ref) -> Rows[FrameColumn]:
        """Return the columns of a data frame with their types at the organizations.

        The types of a column may differ, for example where whole numbers have a gap at one
        organization.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the data frame.

        Returns
        -------
        Rows of dict
            A row for each column: its ``"name"``, its ``"types"`` by organization (Arrow's names),
            ``"differs"`` if the organizations do not agree, and ``"is_index"`` if it is the index
            that a filter on rows leaves, which functions do not receive.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.

        Examples
        --------
        >>> [column["name"] for column in await client.dataframe.columns("patients")]
        ['patient_id', 'age', 'gender', 'height', 'weight', 'smoker']
        """
        row = await self.get(id_)
        session = await self._core.send(self._operations().get_session(row["session"]["id"]))
        listing = partial(self._server.list_nodes, collaboration_id=session["collaboration"]["id"])
        owners = {node["id"]: node["organization"]["id"] for node in await self._core.rows(listing)}
        names = await self._core.names.organizations(owners.values())
        found: dict[str, dict[str, str | None]] = {}
        for column in sorted(row["columns"], key=lambda column: column["node_id"]):
            owner = owners.get(column["node_id"])
            place = f"node {column['node_id']}" if owner is None else names.get(owner, str(owner))
            found.setdefault(column["name"] or "", {})[place] = column["dtype"]
        places = {place for types in found.values() for place in types}
        columns: list[FrameColumn] = [
            {
                "name": name,
                "types": types,
                "differs": types.keys() != places or len(set(types.values())) > 1,
                "is_index": name.startswith("__index_level_"),
            }
            for name, types in found.items()
        ]
        return Rows(columns, {"first": "", "self": ""})

    async def delete(self, id_: Ref) -> Message:
        """Delete a data frame, at HQ and at the nodes.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the data frame.

        Returns
        -------
        Message
            HQ's message, in ``["msg"]``.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = await client.dataframe.delete("patients")
        """
        delete_dataframe = self._operations().delete_dataframe
        return await self._apply(delete_dataframe(await self._resolve(id_)))

    async def _resolve(self, ref: Ref) -> int:
        """Return the id of a data frame; an error on servers 4.x, even for an id."""
        self._operations()
        return await self._id(self._kind, ref)

    async def _after_last_step(
        self,
        id_: int,
        interval: float,
        timeout: float | None,
        progress: ProgressOption,
        on_failure: Any,
    ) -> Dataframe:
        """Return the row of a data frame once its last step has ended."""
        from ..tasks.wait import wait_for

        get_dataframe = self._operations().get_dataframe
        row = await self._core.send(get_dataframe(id_))
        task = row["last_session_task"]
        if task is None:
            return row
        await wait_for(self._core, [task["id"]], interval, timeout, on_failure, progress)
        return await self._core.send(get_dataframe(id_))


def _encoded(method: str, arguments: Mapping[str, object] | None) -> bytes:
    """Return the arguments of a function as JSON, after checking them."""
    return serialize(task_input(None, method, None, arguments or {})["kwargs"], "arguments")
