"""What all resources of the client have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from .._listing import Listing, Rows, Selection
from .._settings import LOGGER
from ..errors import InvalidInput, PermissionDenied, Unauthorized

if TYPE_CHECKING:
    from vantage6.bindings.call import Call
    from vantage6.bindings.server.rows import Message

    from .._listing import PageOf
    from ._session import Connection, Session

Row = TypeVar("Row")


class Resource:
    """One kind of thing on the server, and what can be done with it.

    Parameters
    ----------
    session : Session
        The connection that the client's resources share.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def _connection(self) -> Connection:
        """Give the way to the API that knows of these things."""
        return self._session

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

    async def _tell(
        self,
        call: Call[Message],
        *,
        signed: bool = True,
        refused: type[Unauthorized] = PermissionDenied,
    ) -> Message:
        """Send a request that is answered by a sentence, and pass that on."""
        message = await self._connection().send(call, signed=signed, refused=refused)
        LOGGER.info("%s", message["msg"])
        return message

    def _collaboration(self, collaboration: int | None) -> int | None:
        """Fall back on the collaboration that `setup_collaboration` chose."""
        return self._session.collaboration_id if collaboration is None else collaboration

    def _the_collaboration(self, collaboration: int | None) -> int:
        """Give the collaboration that is meant, for what cannot do without one."""
        chosen = self._collaboration(collaboration)
        if chosen is None:
            raise InvalidInput(
                "say which collaboration is meant: give its identifier, or choose one for all "
                "calls with setup_collaboration()"
            )
        return chosen


class StoreResource(Resource):
    """One kind of thing in the algorithm store that ``client.store.set`` chose."""

    def _connection(self) -> Connection:
        return self._session.store
