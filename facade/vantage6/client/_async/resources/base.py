"""What all resources share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast, overload

from ..._rows.names import Scope
from ..._rows.pages import Listing
from ..._rows.references import references
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ..._utils.logging import LOGGER
from ...errors import InvalidInputError, PermissionDeniedError, UnauthorizedError

if TYPE_CHECKING:
    from vantage6.bindings.call import Call
    from vantage6.bindings.server.rows import Message

    from ..._rows.names import Kind
    from ..._rows.pages import PageOf
    from ..._rows.references import Ref
    from ..core.connection import Connection
    from ..core.core import Core

Row = TypeVar("Row")
NamedRow = TypeVar("NamedRow")


class Resource:
    """One kind of thing on the server, and what can be done with it."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join(n for n in dir(self) if n[0] != '_')}>"

    def _connection(self) -> Connection:
        """Return the way to the API that knows of these things."""
        return self._core

    async def _get(
        self,
        call: Call[Row],
        field: str | None,
        fields: Sequence[str] | None,
        *,
        signed: bool = True,
    ) -> Row:
        """Send a request for one row, and keep the wanted fields of it."""
        selection = Selection(field, fields)
        return selection.of_row(await self._connection().send(call, signed=signed))

    async def _list(
        self,
        listing: Listing[PageOf[Row]],
        page: int | None,
        per_page: int | None,
        selection: Selection,
    ) -> Rows[Row]:
        """Get all rows, or those of one page, and keep the wanted ones."""
        return selection.of_rows(await self._connection().rows(listing, page, per_page))

    async def _send_message(
        self,
        call: Call[Message],
        *,
        signed: bool = True,
        refused: type[UnauthorizedError] = PermissionDeniedError,
    ) -> Message:
        """Send a request that is answered by a sentence, and pass that on."""
        message = await self._connection().send(call, signed=signed, refused=refused)
        LOGGER.info("%s", message["msg"])
        return message

    async def _id(self, kind: Kind, ref: Ref, within: Scope | None = None) -> int:
        """Return the identifier of what was named; without a name, all there is would be meant."""
        return await self._core.id_of(kind, ref, within)

    async def _optional_id(
        self, kind: Kind, ref: Ref | None, within: Scope | None = None
    ) -> int | None:
        """Return the identifier of what was named, if anything was."""
        return None if ref is None else await self._id(kind, ref, within)

    @overload
    async def _ids(
        self, kind: Kind, refs: Iterable[Ref], argument: str, within: Scope | None = None
    ) -> list[int]: ...
    @overload
    async def _ids(
        self, kind: Kind, refs: Iterable[Ref] | None, argument: str, within: Scope | None = None
    ) -> list[int] | None: ...
    async def _ids(
        self, kind: Kind, refs: Iterable[Ref] | None, argument: str, within: Scope | None = None
    ) -> list[int] | None:
        """Return the identifiers of all that were named, if anything was."""
        if refs is None:
            return None
        return [await self._id(kind, ref, within) for ref in references(refs, argument)]

    async def _organization_id(self, organization: Ref | None) -> int:
        """Fall back on the organization of the user."""
        if organization is None:
            return self._core.whoami.organization_id
        return await self._id("organization", organization)

    async def _collaboration_id(self, collaboration: Ref | None) -> int | None:
        """Fall back on the collaboration that `setup_collaboration` chose."""
        if collaboration is None:
            return self._core.collaboration_id
        return await self._id("collaboration", collaboration)

    async def _required_collaboration_id(self, collaboration: Ref | None) -> int:
        """Return the collaboration that is meant, for what cannot do without one."""
        chosen = await self._collaboration_id(collaboration)
        if chosen is None:
            raise InvalidInputError(
                "say which collaboration is meant: give its name or identifier, or choose one for "
                "all calls with setup_collaboration()"
            )
        return chosen


class Named(Resource, Generic[NamedRow]):
    """One kind of thing that goes by names."""

    _kind: ClassVar[Kind]

    async def id(self, name: Ref, *, collaboration: Ref | None = None) -> int:
        """Give the identifier of what has a name.

        Parameters
        ----------
        name : str, int or row
            The name. It is compared exactly first, then without regard to case; an identifier, or
            a row with one, is given back as it is.
        collaboration : str, int or row, optional
            Where to look, for what belongs to a collaboration; by default in the one that
            ``setup_collaboration`` chose, then everywhere.

        Returns
        -------
        int
            The identifier.

        Raises
        ------
        NameNotFoundError
            When none is called that, as far as you may see.
        AmbiguousNameError
            When several are.

        Examples
        --------
        >>> await client.organization.id("IKNL")
        1
        """
        return await self._id(self._kind, name, await self._core.within(collaboration))

    async def find(self, name: str, *, collaboration: Ref | None = None) -> NamedRow:
        """Look up what has a name.

        Parameters
        ----------
        name : str
            The name, as for `id`.
        collaboration : str, int or row, optional
            Where to look, as for `id`.

        Returns
        -------
        dict
            The row.

        Raises
        ------
        NameNotFoundError
            When none is called that, as far as you may see.
        AmbiguousNameError
            When several are.

        Examples
        --------
        >>> (await client.organization.find("IKNL"))["country"]
        'NL'
        """
        row = await self._core.find(self._kind, name, await self._core.within(collaboration))
        return cast("NamedRow", row)

    async def _resolve(self, ref: Ref) -> int:
        """Return the identifier of one of these things."""
        return await self._id(self._kind, ref)


class StoreResource(Resource):
    """One kind of thing in the algorithm store that ``client.store.set`` chose."""

    def _connection(self) -> Connection:
        return self._core.store
