# Derived by unasync.py: edit facade/vantage6/client/_async/resources/node.py instead.
"""The nodes at the organizations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection, check_period
from .base import Named

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Message, Node, NodeInput, NodeUpdate, NodeWithKey

    from ..._rows.references import Ref


class Nodes(Named["Node"]):
    """The machines at which organizations run the tasks of their collaborations."""

    _kind = "node"

    def get(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Node:
        """Look up a node.

        Parameters
        ----------
        id_ : int, str or row
            The node: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Node
            The node.

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
        >>> (client.node.get("IKNL demo node"))["status"]
        'online'
        """
        return self._get(calls.get_node(self._resolve(id_)), field, fields)

    def list(
        self,
        name: str | None = None,
        organization: Ref | None = None,
        collaboration: Ref | None = None,
        study: Ref | None = None,
        is_online: bool | None = None,
        ip: str | None = None,
        last_seen_from: str | None = None,
        last_seen_till: str | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Node]:
        """List nodes.

        Parameters
        ----------
        name : str, optional
            Keep nodes with this name; ``%`` stands for any characters, ``_`` for one.
        organization : int, str or row, optional
            Keep the nodes of this organization.
        collaboration : int, str or row, optional
            Keep the nodes of this collaboration; by default of the one that
            ``setup_collaboration`` chose, if any.
        study : int, str or row, optional
            Keep the nodes of the organizations of this study.
        is_online : bool, optional
            Keep the nodes that are, or are not, connected.
        ip : str, optional
            Keep nodes with this address in the private network.
        last_seen_from, last_seen_till : str, optional
            Keep nodes last seen within these times (ISO 8601, UTC).
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("status", None)``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Node
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        PermissionDeniedError
            When you may not see these nodes.

        Examples
        --------
        >>> client.node.list(is_online=False, fields=["id", "name", "status"])
        [{'id': ..., 'name': 'pilot node', 'status': 'offline'}]
        """
        status = None if is_online is None else "online" if is_online else "offline"
        seen = check_period("last_seen_from and last_seen_till", (last_seen_from, last_seen_till))
        listing = partial(
            calls.list_nodes,
            name=name,
            organization_id=self._optional_id("organization", organization),
            collaboration_id=self._collaboration_id(collaboration),
            study_id=self._optional_id("study", study),
            status=status,
            ip=ip,
            last_seen_from=seen[0],
            last_seen_till=seen[1],
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)

    def create(
        self,
        collaboration: Ref | None = None,
        organization: Ref | None = None,
        name: str | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> NodeWithKey:
        """Register a node of an organization for a collaboration.

        Parameters
        ----------
        collaboration : int, str or row, optional
            The collaboration: its name, id or row; by default the one that
            ``setup_collaboration`` chose.
        organization : int, str or row, optional
            The organization: its name, id or row; by default your own.
        name : str, optional
            Its name; the server makes one up if there is none.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        NodeWithKey
            The new node. Its ``["api_key"]``, by which it logs in, is told this once: keep it.

        Raises
        ------
        InvalidInputError
            When no collaboration is given, and none was chosen; nothing was sent.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not add nodes there.

        Examples
        --------
        >>> node = client.node.create("pilot", "IKNL")
        >>> api_key = node["api_key"]
        """
        body: NodeInput = {
            "collaboration_id": self._required_collaboration_id(collaboration),
            "organization_id": self._organization_id(organization),
        }
        if name is not None:
            body["name"] = name
        return self._get(calls.create_node(body), field, fields)

    def update(
        self,
        id_: Ref,
        name: str | None = None,
        clear_ip: bool | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Node:
        """Change a node.

        Parameters
        ----------
        id_ : int, str or row
            The node: its name, id or row.
        name : str, optional
            A new name.
        clear_ip : bool, optional
            Whether to forget its address in the private network.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Node
            The node as it is now; what was not given stays as it was.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not change it.

        Examples
        --------
        >>> client.node.update("pilot node", name="IKNL, room 4", field="name")
        {'name': 'IKNL, room 4'}
        """
        body: NodeUpdate = without_none(name=name, clear_ip=clear_ip)
        return self._get(calls.update_node(self._resolve(id_), body), field, fields)

    def delete(
        self,
        id_: Ref,
    ) -> Message:
        """Delete a node; it can no longer log in.

        Parameters
        ----------
        id_ : int, str or row
            The node: its name, id or row.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not delete it.

        Examples
        --------
        >>> answer = client.node.delete("pilot node")
        """
        return self._send_message(calls.delete_node(self._resolve(id_)))

    def kill_tasks(
        self,
        id_: Ref,
    ) -> Message:
        """Stop all that runs at a node.

        Servers up to 4.15.2 fail at this once the node is online. There, stop the tasks one by one
        with ``client.task.kill``.

        Parameters
        ----------
        id_ : int, str or row
            The node: its name, id or row.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        BadRequestError
            When the node is offline.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        ServerError
            When the server fails, see above.
        PermissionDeniedError
            When you may not kill tasks there.

        Examples
        --------
        >>> answer = client.node.kill_tasks("IKNL demo node")
        """
        return self._send_message(calls.kill_node_tasks({"id": self._resolve(id_)}))
