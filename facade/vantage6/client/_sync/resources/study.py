# Derived by unasync.py: edit facade/vantage6/client/_async/resources/study.py instead.
"""The studies within collaborations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from ..._http.request import without_none
from ..._rows.names import Scope
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ...errors import InvalidInputError
from .base import Named

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import (
        Id,
        Message,
        Organization,
        Study,
        StudyInput,
        StudyUpdate,
    )

    from ..._rows.references import Ref


class Studies(Named["Study"]):
    """Subsets of the organizations of a collaboration, for one question."""

    _kind = "study"

    def get(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Study:
        """Look up a study.

        Parameters
        ----------
        id_ : int, str or row
            The study: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Study
            The study.

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
        >>> client.study.get("demo Subset", fields=["id", "name"])
        {'id': 1, 'name': 'demo Subset'}
        """
        return self._get(calls.get_study(self._resolve(id_)), field, fields)

    def list(
        self,
        name: str | None = None,
        organization: Ref | None = None,
        collaboration: Ref | None = None,
        include_organizations: bool = False,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Study]:
        """List studies.

        Parameters
        ----------
        name : str, optional
            Keep studies with this name; ``%`` stands for any characters, ``_`` for one.
        organization : int, str or row, optional
            Keep the studies that this organization takes part in.
        collaboration : int, str or row, optional
            Keep the studies of this collaboration.
        include_organizations : bool
            Whether to put the organizations into ``["organizations"]`` in place of a link.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("name", "demo")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Study
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        PermissionDeniedError
            When you may not see these studies.

        Examples
        --------
        >>> client.study.list(name="%Subset", fields=["id", "name"])
        [{'id': 1, 'name': 'demo Subset'}]
        """
        listing = partial(
            calls.list_studies,
            name=name,
            organization_id=self._optional_id("organization", organization),
            collaboration_id=self._optional_id("collaboration", collaboration),
            include=["organizations"] if include_organizations else None,
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)

    def create(
        self,
        name: str,
        organizations: Sequence[Ref],
        collaboration: Ref | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Study:
        """Add a study to a collaboration.

        Parameters
        ----------
        name : str
            Its name.
        organizations : sequence of int, str or row
            The organizations that take part, all of them members of the
            collaboration.
        collaboration : int, str or row, optional
            The collaboration: its name, id or row; by default the one that
            ``setup_collaboration`` chose.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Study
            The new study.

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
            When you may not add studies there.

        Examples
        --------
        >>> study = client.study.create("adults", ["IKNL", "Maastro"], collaboration="demo")
        """
        place = self._required_collaboration_id(collaboration)
        members = Scope("collaboration", place)
        ids = self._ids("organization", organizations, "organizations", members)
        body: StudyInput = {"name": name, "organization_ids": ids, "collaboration_id": place}
        return self._get(calls.create_study(body), field, fields)

    def update(
        self,
        id_: Ref,
        name: str | None = None,
        organizations: Sequence[Ref] | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Study:
        """Change a study.

        Parameters
        ----------
        id_ : int, str or row
            The study: its name, id or row.
        name : str, optional
            A new name.
        organizations : sequence of int, str or row, optional
            All that are to take part, in place of those that do.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Study
            The study as it is now; what was not given stays as it was.

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
        >>> client.study.update("adults", name="old adults", field="name")
        {'name': 'old adults'}
        """
        ids = self._ids("organization", organizations, "organizations")
        body: StudyUpdate = without_none(name=name, organization_ids=ids)
        return self._get(calls.update_study(self._resolve(id_), body), field, fields)

    def delete(
        self,
        id_: Ref | None = None,
    ) -> Message:
        """Delete a study.

        Parameters
        ----------
        id_ : int, str or row, optional
            The study: its name, id or row. It has to be given; it is optional in form only.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        InvalidInputError
            When no study is given; nothing was sent.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not delete it.

        Examples
        --------
        >>> answer = client.study.delete("adults")
        """
        return self._send_message(calls.delete_study(self._study_id(id_)))

    def add_organization(
        self,
        organization: Ref,
        study: Ref | None = None,
    ) -> Sequence[Organization]:
        """Let an organization take part in a study.

        Parameters
        ----------
        organization : int, str or row
            The organization: its name, id or row, a member of the collaboration.
        study : int, str or row, optional
            The study: its name, id or row. It has to be given; it is optional in form only.

        Returns
        -------
        sequence of Organization
            All that take part, with the new one.

        Raises
        ------
        InvalidInputError
            When no study is given; nothing was sent.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not change the study.

        Examples
        --------
        >>> members = client.study.add_organization("Radboudumc", study="adults")
        """
        chosen = self._study_id(study)
        body: Id = {"id": self._id("organization", organization)}
        call = calls.add_organization_to_study(chosen, body)
        return self._core.send(call)

    def remove_organization(
        self,
        organization: Ref,
        study: Ref | None = None,
    ) -> Sequence[Organization]:
        """Take an organization out of a study.

        Parameters
        ----------
        organization : int, str or row
            The organization: its name, id or row.
        study : int, str or row, optional
            The study: its name, id or row. It has to be given; it is optional in form only.

        Returns
        -------
        sequence of Organization
            Those that remain.

        Raises
        ------
        InvalidInputError
            When no study is given; nothing was sent.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not change the study.

        Examples
        --------
        >>> members = client.study.remove_organization("Maastro", study="adults")
        """
        chosen = self._study_id(study)
        body: Id = {"id": self._id("organization", organization)}
        call = calls.remove_organization_from_study(chosen, body)
        return self._core.send(call)

    def _study_id(self, study: Ref | None) -> int:
        if study is None:
            raise InvalidInputError("say which study is meant: give its name or identifier")
        return self._resolve(study)
