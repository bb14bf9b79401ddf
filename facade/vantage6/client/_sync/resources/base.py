# Derived by unasync.py: edit facade/vantage6/client/_async/resources/base.py instead.
"""Base classes of the resources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast, overload

from ..._http.context import DEFAULTS, SendOptions
from ..._rows.names import Scope
from ..._rows.pages import Listing
from ..._rows.references import references
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ..._utils.logging import LOGGER
from ...errors import InvalidInputError

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from ..._backend.rows import Message
    from ..._backend.v4_operations import ServerOperations, StoreOperations
    from ..._rows.names import Kind
    from ..._rows.pages import PageOf
    from ..._rows.references import Ref
    from ..core.connection import Connection
    from ..core.core import Core

Row = TypeVar("Row")
NamedRow = TypeVar("NamedRow")


class Resource:
    """One kind of object on the server, and its operations."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join(n for n in dir(self) if n[0] != '_')}>"

    @property
    def _server(self) -> ServerOperations:
        """The operations of the server."""
        return self._core.backend.server

    @property
    def _store(self) -> StoreOperations:
        """The operations of the algorithm store."""
        return self._core.backend.store

    def _connection(self) -> Connection:
        """Return the connection to the API that serves this resource."""
        return self._core

    def _selection(self, operation: str, *selected: Any) -> Selection:
        """Return a selection for the rows of an operation, after checking it."""
        selection = Selection(*selected)
        self._connection().contract.check_selection(operation, selection)
        return selection

    def _get(
        self,
        call: Call[Row],
        field: str | None,
        fields: Sequence[str] | None,
        options: SendOptions = DEFAULTS,
    ) -> Row:
        """Send a call for one row, and return the selected fields of it."""
        selection = self._selection(call.operation, field, fields)
        return self._selected(self._connection().send(call, options), selection)

    def _selected(self, row: Row, selection: Selection) -> Row:
        """Return the selected fields of a row."""
        return selection.of_row(row, self._core.names.displayed_organizations())

    def _list(
        self,
        listing: Listing[PageOf[Row]],
        page: int | None,
        per_page: int | None,
        selection: Selection,
    ) -> Rows[Row]:
        """Return the selected rows, of all pages or of one."""
        operation = listing(page=None, per_page=None, sort=None).operation
        self._connection().contract.check_selection(operation, selection)
        return selection.of_rows(self._connection().rows(listing, page, per_page))

    def _send_message(self, call: Call[Message], options: SendOptions = DEFAULTS) -> Message:
        """Send a call whose response is a sentence, and log it."""
        message = self._connection().send(call, options)
        LOGGER.info("%s", message["msg"])
        return message

    def _id(self, kind: Kind, ref: Ref, within: Scope | None = None) -> int:
        """Return the id that a reference stands for."""
        return self._core.id_of(kind, ref, within)

    def _optional_id(self, kind: Kind, ref: Ref | None, within: Scope | None = None) -> int | None:
        """Return the id that a reference stands for, or None without one."""
        return None if ref is None else self._id(kind, ref, within)

    @overload
    def _ids(
        self, kind: Kind, refs: Iterable[Ref], argument: str, within: Scope | None = None
    ) -> list[int]: ...
    @overload
    def _ids(
        self, kind: Kind, refs: Iterable[Ref] | None, argument: str, within: Scope | None = None
    ) -> list[int] | None: ...
    def _ids(
        self, kind: Kind, refs: Iterable[Ref] | None, argument: str, within: Scope | None = None
    ) -> list[int] | None:
        """Return the ids that references stand for, or None without any."""
        if refs is None:
            return None
        return [self._id(kind, ref, within) for ref in references(refs, argument)]

    def _organization_id(self, organization: Ref | None) -> int:
        """Return the id of an organization, by default the user's own."""
        if organization is None:
            return self._core.whoami.organization_id
        return self._id("organization", organization)

    def _collaboration_id(self, collaboration: Ref | None) -> int | None:
        """Return the id of a collaboration, by default the chosen one, if any."""
        if collaboration is None:
            return self._core.collaboration_id
        return self._id("collaboration", collaboration)

    def _required_collaboration_id(self, collaboration: Ref | None) -> int:
        """Return the id of a collaboration, by default the chosen one; raise if there is none."""
        chosen = self._collaboration_id(collaboration)
        if chosen is None:
            raise InvalidInputError(
                "collaboration: expected a name, id or row, got None. Pass one, or choose one for "
                "all calls with setup_collaboration()."
            )
        return chosen


class Named(Resource, Generic[NamedRow]):
    """One kind of object that has a name."""

    _kind: ClassVar[Kind]

    def id(self, name: Ref, *, collaboration: Ref | None = None) -> int:
        """Return the id of the object with a name.

        Parameters
        ----------
        name : str, int or row
            Name to search for, first by exact match, then ignoring case. An id, text of digits, or
            a row with an id stands for itself.
        collaboration : str, int or row, optional
            Collaboration to search in, for objects that belong to one. By default, the one chosen
            with ``setup_collaboration``, then everywhere.

        Returns
        -------
        int
            Id of the object.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If the name matches nothing that you can see, or several objects.

        Examples
        --------
        >>> client.organization.id("IKNL")
        1
        """
        return self._id(self._kind, name, self._core.within(collaboration))

    def find(self, name: str, *, collaboration: Ref | None = None) -> NamedRow:
        """Return the row of the object with a name.

        Parameters
        ----------
        name : str
            Name to search for, as in `id`; text of digits is an id and not a name.
        collaboration : str, int or row, optional
            Collaboration to search in, as in `id`.

        Returns
        -------
        dict
            Row of the object.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If the name matches nothing that you can see, or several objects.

        Examples
        --------
        >>> (client.organization.find("IKNL"))["country"]
        'NL'
        """
        row = self._core.find(self._kind, name, self._core.within(collaboration))
        return cast("NamedRow", row)

    def _save(self, call: Call[Row], field: str | None, fields: Sequence[str] | None) -> Row:
        """Send a call that creates or changes a row, and return the selected fields of it."""
        selection = self._selection(call.operation, field, fields)
        return self._selected(self._change(call), selection)

    def _apply(self, call: Call[Message]) -> Message:
        """Send a call that deletes or changes a row and responds with a sentence; log that."""
        message = self._change(call)
        LOGGER.info("%s", message["msg"])
        return message

    def _change(self, call: Call[Row], *kinds: Kind) -> Row:
        """Send a call that changes rows, and forget the cached names of these and other kinds."""
        connection = self._connection()
        body = connection.send(call)
        connection.names.forget(self._kind, *kinds)
        return body

    def _resolve(self, ref: Ref) -> int:
        """Return the id that a reference of this resource's kind stands for."""
        return self._id(self._kind, ref)


class Readable(Named[NamedRow]):
    """One kind of object that has a name and can be requested by its id."""

    def get(
        self, id_: Ref, *, field: str | None = None, fields: Sequence[str] | None = None
    ) -> NamedRow:
        """Return a row.

        Parameters
        ----------
        id_ : int, str or row
            Name or id of the object, or a row of it.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        dict
            Row of the object.

        Raises
        ------
        ConfigurationError
            If the object belongs to an algorithm store and none was chosen with
            ``client.store.set``.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If the id does not exist, or the name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to view the object.

        Examples
        --------
        >>> client.study.get("demo Subset", fields=["id", "name"])
        {'id': 1, 'name': 'demo Subset'}
        """
        call = self._core.backend.row(self._kind, self._resolve(id_))
        return self._get(call, field, fields)


class StoreResource(Resource):
    """One kind of object in the algorithm store chosen with ``client.store.set``."""

    def _connection(self) -> Connection:
        return self._core.store
