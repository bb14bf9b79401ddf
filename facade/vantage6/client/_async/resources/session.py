"""The sessions of HQ 5.x."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..._backend.databases import AUTOMATIC, Place
from ..._display.picture import Branch, show_tree
from ..._http.request import without_none
from ..._rows.names import Scope
from ..._rows.selection import Selection, filter_rows
from ...errors import InvalidInputError
from .base import NamedRow, Readable, Resource

if TYPE_CHECKING:
    from ..._backend.hq_rows import Dataframe, Message, Session
    from ..._backend.v5_operations import SessionOperations
    from ..._rows.references import Ref
    from ..._rows.rows import Rows
    from ..core.core import State

T = TypeVar("T")


class Placed(Resource):
    """What runs in a collaboration, and at HQ in a session."""

    def _operations(self) -> SessionOperations:
        """Return the operations of sessions; an error on servers 4.x."""
        return self._core.backend.sessions

    async def _session(self, session: Ref | None) -> Mapping[str, Any] | None:
        """Return the row of a session, by default the chosen one, if any."""
        if session is None:
            return self._core.state.session
        get = self._operations().get_session
        return await self._core.send(get(await self._id("session", session)))

    async def _required_session(self, session: Ref | None) -> Mapping[str, Any]:
        """Return the row of a session, by default the chosen one; raise if there is none."""
        self._operations()
        row = await self._session(session)
        if row is None:
            raise InvalidInputError(
                "session: expected a name, id or row, got None. Pass one, or choose one for all "
                "calls with setup_session()."
            )
        return row

    async def _dataframes(self, session_id: int, selection: Selection) -> Rows[Dataframe]:
        """Return the data frames of a session."""
        listing = partial(self._operations().list_dataframes, session_id)
        return await self._list(listing, None, None, selection)

    async def _place(
        self, collaboration: Ref | None, study: Ref | None, session: Ref | None
    ) -> Place:
        """Return where a task runs: its collaboration, and its study and session, if any."""
        row = await self._session(session)
        if row and collaboration is None and study is None:
            own = row["study"]
            collaboration_id, study_id = row["collaboration"]["id"], own["id"] if own else None
        else:
            collaboration_id, study_id = await self._collaboration_and_study(collaboration, study)
        return Place(collaboration_id, study_id, row, self._core.state.own_sessions)

    async def _collaboration_and_study(
        self, collaboration: Ref | None, study: Ref | None
    ) -> tuple[int, int | None]:
        """Return the ids of the collaboration of a new object and of its study, if any."""
        if collaboration is None and study is not None:
            study_id = await self._id("study", study)
            row = await self._core.send(self._server.get_study(study_id))
            return row["collaboration"]["id"], study_id
        collaboration_id = await self._collaboration_id(collaboration)
        if collaboration_id is None:
            raise InvalidInputError(
                "collaboration: expected a name, id or row, got None. Pass a collaboration or a "
                "study, or choose a collaboration for all calls with setup_collaboration()."
            )
        members = Scope("collaboration", collaboration_id)
        return collaboration_id, await self._optional_id("study", study, members)


class Displayable(Readable[NamedRow]):
    """One kind of object of HQ, whose rows the official client displays on request."""

    async def get(
        self,
        id_: Ref,
        display: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> NamedRow:
        """Return a row.

        Parameters
        ----------
        id_ : int, str or row
            Name or id of the object, or a row of it.
        display : bool
            Whether to print the row, too.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        dict
            Row of the object.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If the id does not exist, or the name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view the object.

        Examples
        --------
        >>> await client.session.get("survival", fields=["name", "scope"])
        {'name': 'survival', 'scope': 'own'}
        """
        return shown(await super().get(id_, field=field, fields=fields), display)


def shown(value: T, display: bool) -> T:
    """Print what a method returns, on request."""
    if display:
        print(value)  # noqa: T201 - the caller asked for it
    return value


def sort_key(value: object) -> tuple[bool, Any]:
    """Return the key that sorts values of a field, with null first."""
    return (value is not None, value.lower() if isinstance(value, str) else value)


class OpenSession(AbstractAsyncContextManager["Session"]):
    """A session for one block, deleted with all that depends on it."""

    def __init__(self, sessions: Sessions, state: State, **given: Any) -> None:
        self._sessions, self._state, self._given = sessions, state, given

    async def __aenter__(self) -> Session:
        self._row = await self._sessions.create(**self._given)
        self._before, self._state.session = self._state.session, self._row
        return self._row

    async def __aexit__(self, *error: object) -> None:
        self._state.session = self._before
        await self._sessions.delete(self._row, delete_dependents=True)


class Sessions(Placed, Displayable["Session"]):
    """The sessions of HQ 5.x: work places with the data frames extracted for an analysis.

    On servers 4.x, each method raises `UnsupportedServerVersionError`.
    """

    _kind = "session"

    async def create(
        self,
        scope: str = "own",
        name: str | None = None,
        collaboration: Ref | None = None,
        study: Ref | None = None,
        display: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Session:
        """Create a session.

        Parameters
        ----------
        scope : str
            Who may change the session: ``"own"`` for its owner, ``"organization"`` or
            ``"collaboration"`` for their members with the permission to do so.
        name : str, optional
            Name of the session, unique in its collaboration; HQ generates one by default.
        collaboration : int, str or row, optional
            Collaboration of the session. By default, that of `study`, if given, otherwise the one
            chosen with ``setup_collaboration``.
        study : int, str or row, optional
            Study of the session, if it is about one.
        display : bool
            Whether to print the result, too.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Session
            The new session.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        InvalidInputError
            If no collaboration is given and none was chosen; nothing is sent.
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        BadRequestError
            If the name is in use.
        PermissionDeniedError
            If you do not have permission to create sessions of this scope.

        Examples
        --------
        >>> session = await client.session.create("own", "survival")
        """
        create_session = self._operations().create_session
        collaboration_id, study_id = await self._collaboration_and_study(collaboration, study)
        body: Any = without_none(
            scope=scope.lower(), name=name, collaboration_id=collaboration_id, study_id=study_id
        )
        return shown(await self._save(create_session(body), field, fields), display)

    async def list(
        self,
        name: str | None = None,
        user: Ref | None = None,
        collaboration: Ref | None = None,
        scope: str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        sort: str | None = None,
        display: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Session]:
        """List sessions.

        Parameters
        ----------
        name : str, optional
            Name of the sessions; ``%`` matches any characters, ``_`` exactly one.
        user : int, str or row, optional
            Owner of the sessions.
        collaboration : int, str or row, optional
            Collaboration of the sessions. By default, the one chosen with ``setup_collaboration``,
            if any.
        scope : str, optional
            Scope of the sessions. HQ's own filter finds nothing, so the client filters the rows
            that it receives. A single page may become shorter as a result.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        sort : str, optional
            Field to sort the rows by, with a minus sign for descending order. By default, by id.
        display : bool
            Whether to print the result, too.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("ready", True)``; or several such pairs.

        Returns
        -------
        Rows of Session
            The matching rows.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view these sessions.

        Examples
        --------
        >>> await client.session.list(scope="own", fields=["name", "ready"])
        [{'name': 'survival', 'ready': True}]
        """
        list_sessions = self._operations().list_sessions
        selection = self._selection("list_sessions", field, fields, filter_, filters)
        listing = partial(
            list_sessions,
            name=name,
            user_id=await self._optional_id("user", user),
            collaboration_id=await self._collaboration_id(collaboration),
        )
        rows = await self._core.rows(listing, page, per_page)
        if scope is not None:
            self._core.contract.check_value("list_sessions", "scope", scope.lower())
            rows = filter_rows(rows, lambda row: row["scope"] == scope.lower())
        if sort is not None:
            self._core.contract.check_selection("list_sessions", Selection(sort.lstrip("-")))
            key = sort.lstrip("-")
            rows.sort(key=lambda row: sort_key(row.get(key)), reverse=sort.startswith("-"))
        return shown(selection.of_rows(rows), display)

    def open(
        self,
        name: str | None = None,
        scope: str = "own",
        collaboration: Ref | None = None,
        study: Ref | None = None,
    ) -> OpenSession:
        """Create a session for a ``with`` block, and delete it with its tasks and data frames.

        In the block, it is the default session, as after ``setup_session``.

        Parameters
        ----------
        name, scope, collaboration, study
            As in `create`.

        Returns
        -------
        context manager
            Enters with the row of the session.

        Raises
        ------
        Vantage6Error
            Any error of `create` and `delete`.

        Examples
        --------
        >>> async with client.session.open("one analysis") as session:
        ...     print(session["name"])
        one analysis
        """
        return OpenSession(
            self, self._core.state, name=name, scope=scope, collaboration=collaboration, study=study
        )

    async def tree(
        self,
        name: str | None = None,
        user: Ref | None = None,
        collaboration: Ref | None = None,
        scope: str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        sort: str | None = None,
    ) -> None:
        """Print sessions with their data frames as a tree; a notebook displays a picture.

        Parameters
        ----------
        name, user, collaboration, scope, page, per_page, sort
            As in `list`.

        Raises
        ------
        Vantage6Error
            Any error of `list`.

        Examples
        --------
        >>> await client.session.tree("survival")
        sessions
        └── survival (id ..., own)
            └── patients (id ..., ready)
        """
        branches: list[Branch] = []
        for row in await self.list(name, user, collaboration, scope, page, per_page, sort):
            frames = await self._dataframes(row["id"], Selection())
            leaves: list[Branch] = []
            for frame in frames:
                state = "ready" if frame["ready"] else "not ready"
                status = "completed" if frame["ready"] else "active"
                leaves.append((f"{frame['name']} (id {frame['id']}, {state})", status, []))
            branches.append((f"{row['name']} (id {row['id']}, {row['scope']})", "", leaves))
        show_tree("sessions", branches)

    async def task_tree(self, session: Ref | None = None) -> None:
        """Print the tasks of a session as a tree: each below the one that it waits for.

        Parameters
        ----------
        session : int, str or row, optional
            Session of the tasks. By default, the one chosen with ``setup_session``.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        InvalidInputError
            If no session is given and none was chosen.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.

        Examples
        --------
        >>> await client.session.task_tree("survival")
        tasks of survival
        └── read_csv (id ..., completed)
        """
        row = await self._required_session(session)
        listing = partial(self._operations().list_tasks, session_id=row["id"])
        rows = {task["id"]: task for task in await self._core.rows(listing)}
        tasks = [rows[id_] for id_ in sorted(rows)]
        below: dict[int, list[Any]] = {}
        known = {task["id"] for task in tasks}
        for task in tasks:
            parents = [parent for parent in (task["depends_on"] or ()) if parent in known]
            if task["parent"] and task["parent"]["id"] in known:
                parents.append(task["parent"]["id"])
            below.setdefault(max(parents, default=0), []).append(task)

        def branch(task: Any) -> Branch:
            # HQ gives all steps of data frames the same name.
            name = None if task.get("dataframe") else task["name"]
            traits = f"id {task['id']}, {task['status']}"
            if name and task["method"]:
                traits = f"{task['method']}, {traits}"
            text = f"{name or task['method'] or 'task'} ({traits})"
            return text, task["status"], [branch(each) for each in below.get(task["id"], ())]

        roots = [branch(task) for task in below.get(0, ())]
        show_tree(f"tasks of {row['name']}", roots)

    async def update(
        self,
        id_: Ref,
        name: str | None = None,
        scope: str | None = None,
        display: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Session:
        """Change the name or the scope of a session.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the session.
        name : str, optional
            New name.
        scope : str, optional
            New scope, which can only be wider.
        display : bool
            Whether to print the result, too.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Session
            The changed session.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to change it.

        Examples
        --------
        >>> session = await client.session.update("survival", name="survival-2")
        """
        update_session = self._operations().update_session
        body: Any = without_none(name=name, scope=scope and scope.lower())
        call = update_session(await self._resolve(id_), body)
        return shown(await self._save(call, field, fields), display)

    async def delete(self, id_: Ref, delete_dependents: bool = False) -> Message:
        """Delete a session.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the session.
        delete_dependents : bool
            Whether to delete its tasks, with their results, and its data frames too. A session
            that has any is deleted only with them.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        BadRequestError
            If the session has tasks or data frames and `delete_dependents` is false.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = await client.session.delete("survival")
        """
        delete_session = self._operations().delete_session
        session_id = await self._resolve(id_)
        # HQ takes any value for true, so the parameter is only sent if it is.
        message = await self._apply(
            delete_session(session_id, delete_dependents=True if delete_dependents else None)
        )
        state = self._core.state
        for key, own in list(state.own_sessions.items()):
            if own == session_id:
                del state.own_sessions[key]
        if state.session and state.session["id"] == session_id:
            state.session = None
        self._core.names.forget("dataframe")
        return message

    async def delete_automatic(self, session: Ref | None = None) -> Rows[Any]:
        """Delete what clients created by themselves: your sessions, or a session's data frames.

        These have names that start with ``vantage6-sdk-``. ``list("vantage6-sdk-%")`` shows the
        sessions. Those of programs that are still running are included.

        Parameters
        ----------
        session : int, str or row, optional
            Session to delete such data frames of. By default, your sessions of scope ``own`` with
            such names are deleted, including their tasks, results and data frames.

        Returns
        -------
        Rows of Session, or of Dataframe
            What was deleted.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to delete them.

        Examples
        --------
        >>> deleted = await client.session.delete_automatic()
        """
        delete_dataframe = self._operations().delete_dataframe
        if session is not None:
            frames = await self._dataframes(await self._resolve(session), Selection())
            found = filter_rows(frames, lambda row: (row["name"] or "").startswith(AUTOMATIC))
            for row in found:
                await self._core.send(delete_dataframe(row["id"]))
            self._core.names.forget("dataframe")
            return found
        rows = await self.list(f"{AUTOMATIC}%", self._core.whoami.id_, scope="own")
        for row in rows:
            await self.delete(row, delete_dependents=True)
        return rows

    async def dataframes(
        self,
        id_: Ref,
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
        id_ : int, str or row
            Name, id or row of the session.
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
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view it.

        Examples
        --------
        >>> await client.session.dataframes("survival", fields=["name", "ready"])
        [{'name': 'patients', 'ready': True}]
        """
        selection = Selection(field, fields, filter_, filters)
        return shown(await self._dataframes(await self._resolve(id_), selection), display)
