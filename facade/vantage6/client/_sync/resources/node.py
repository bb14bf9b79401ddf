# Derived by unasync.py: edit facade/vantage6/client/_async/resources/node.py instead.
"""The nodes of the organizations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from vantage6.bindings.secret import shaded

from ..._backend.former_names import explains_former
from ..._backend.positions import positions_of_5
from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection, check_period
from .base import Readable

if TYPE_CHECKING:
    from ..._backend.rows import ApiKey, Message, Node, NodeInput, NodeWithKey
    from ..._rows.references import Ref


class Nodes(Readable["Node"]):
    """The nodes: machines on which organizations run the tasks of their collaborations."""

    _kind = "node"

    @explains_former("include_metadata")
    @positions_of_5(
        "name",
        "organization",
        "collaboration",
        "study",
        "is_online",
        "last_seen_from",
        "last_seen_till",
        "page",
        "per_page",
    )
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
            Name of the nodes; ``%`` matches any characters, ``_`` exactly one.
        organization : int, str or row, optional
            Organization that the nodes belong to.
        collaboration : int, str or row, optional
            Collaboration that the nodes belong to. By default, the one chosen with
            ``setup_collaboration``, if any.
        study : int, str or row, optional
            Study that the organizations of the nodes belong to.
        is_online : bool, optional
            Whether the nodes are connected.
        ip : str, optional
            Address of the nodes in the private network.
        last_seen_from, last_seen_till : str, optional
            Range of times in which the nodes were last seen (ISO 8601, UTC).
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("status", None)``; or several such pairs.

        Returns
        -------
        Rows of Node
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view these nodes.

        Examples
        --------
        >>> client.node.list(is_online=False, fields=["id", "name", "status"])
        [{'id': ..., 'name': 'pilot node', 'status': 'offline'}]
        """
        status = None if is_online is None else "online" if is_online else "offline"
        seen = check_period("last_seen_from and last_seen_till", (last_seen_from, last_seen_till))
        listing = partial(
            self._server.list_nodes,
            name=name,
            organization_id=self._optional_id("organization", organization),
            collaboration_id=self._collaboration_id(collaboration),
            study_id=self._optional_id("study", study),
            status=status,
            ip=ip,
            last_seen_from=seen[0],
            last_seen_till=seen[1],
        )
        return self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

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
            Name, id or row of the collaboration. By default, the one chosen with
            ``setup_collaboration``.
        organization : int, str or row, optional
            Name, id or row of the organization. By default, your own.
        name : str, optional
            Name of the node. By default, the server generates one.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        NodeWithKey
            The new node. It logs in with its ``["api_key"]``, which the server sends only once:
            store it. It is always part of the row, and ``print`` shows it.

        Raises
        ------
        InvalidInputError
            If no collaboration is given and none was chosen; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to create nodes there.

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
        if field is not None or (fields is not None and not isinstance(fields, str)):
            fields = [*(fields or ()), "api_key"]  # it would be lost
        return shaded(self._save(self._server.create_node(body), field, fields))

    def reset_key(self, id_: Ref) -> ApiKey:
        """Replace the key with which a node logs in.

        From then on, the node cannot log in with its previous key. A login that it has already
        continues until it expires.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the node.

        Returns
        -------
        ApiKey
            The new key, in ``["api_key"]``. The server sends it only once: store it in the
            configuration of the node, and restart the node. ``print`` shows it.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to change the node.

        Examples
        --------
        >>> api_key = (client.node.reset_key("pilot node"))["api_key"]
        """
        return self._core.send(self._server.reset_api_key({"id": self._resolve(id_)}))

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
            Name, id or row of the node.
        name : str, optional
            New name.
        clear_ip : bool, optional
            Whether to clear the node's address in the private network.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Node
            The updated node. Fields that are not given keep their values.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change it.

        Examples
        --------
        >>> client.node.update("pilot node", name="IKNL, room 4", field="name")
        {'name': 'IKNL, room 4'}
        """
        body: Any = without_none(name=name) | self._core.backend.only_in_4(
            "update_node", clear_ip=clear_ip
        )
        return self._save(self._server.update_node(self._resolve(id_), body), field, fields)

    def delete(self, id_: Ref) -> Message:
        """Delete a node. It can no longer log in.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the node.

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
        >>> message = client.node.delete("pilot node")
        """
        return self._apply(self._server.delete_node(self._resolve(id_)))

    def kill_tasks(self, id_: Ref) -> Message:
        """Stop all tasks that run on a node.

        Servers up to 4.15.2 fail to do this if the node is online. With these servers, stop the
        tasks one by one with ``client.task.kill``.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the node.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        BadRequestError
            If the node is offline.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        ServerError
            If the server fails, see above.
        PermissionDeniedError
            If you do not have permission to kill tasks there.

        Examples
        --------
        >>> message = client.node.kill_tasks("IKNL demo node")
        """
        return self._send_message(self._server.kill_node_tasks({"id": self._resolve(id_)}))
