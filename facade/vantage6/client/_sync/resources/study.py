# Derived by unasync.py: edit facade/vantage6/client/_async/resources/study.py instead.
"""The studies within collaborations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._http.request import without_none
from ..._rows.names import Scope
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from ...errors import InvalidInputError
from .base import Readable

if TYPE_CHECKING:
    from ..._backend.rows import Id, Message, Organization, Study, StudyInput, StudyUpdate
    from ..._rows.references import Ref


class Studies(Readable["Study"]):
    """The studies: subsets of a collaboration's organizations, each for one question."""

    _kind = "study"

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
            Name of the studies; ``%`` matches any characters, ``_`` exactly one.
        organization : int, str or row, optional
            Member of the studies.
        collaboration : int, str or row, optional
            Collaboration that the studies belong to.
        include_organizations : bool
            Whether ``["organizations"]`` contains the organizations instead of a link.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("name", "demo")``; or several such pairs.

        Returns
        -------
        Rows of Study
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        PermissionDeniedError
            If you do not have permission to view these studies.

        Examples
        --------
        >>> client.study.list(name="%Subset", fields=["id", "name"])
        [{'id': 1, 'name': 'demo Subset'}]
        """
        listing = partial(
            self._server.list_studies,
            name=name,
            organization_id=self._optional_id("organization", organization),
            collaboration_id=self._optional_id("collaboration", collaboration),
            include=["organizations"] if include_organizations else None,
        )
        return self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

    def create(
        self,
        name: str,
        organizations: Sequence[Ref],
        collaboration: Ref | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Study:
        """Create a study in a collaboration.

        Parameters
        ----------
        name : str
            Name of the study.
        organizations : sequence of int, str or row
            Members of the study, which must be members of the collaboration.
        collaboration : int, str or row, optional
            Name, id or row of the collaboration. By default, the one chosen with
            ``setup_collaboration``.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Study
            The new study.

        Raises
        ------
        InvalidInputError
            If no collaboration is given and none was chosen; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to create studies there.

        Examples
        --------
        >>> study = client.study.create("adults", ["IKNL", "Maastro"], collaboration="demo")
        """
        collaboration_id = self._required_collaboration_id(collaboration)
        members = Scope("collaboration", collaboration_id)
        body: StudyInput = {
            "name": name,
            "organization_ids": self._ids("organization", organizations, "organizations", members),
            "collaboration_id": collaboration_id,
        }
        return self._save(self._server.create_study(body), field, fields)

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
            Name, id or row of the study.
        name : str, optional
            New name.
        organizations : sequence of int, str or row, optional
            All members of the study, replacing the current ones.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Study
            The updated study. Fields that are not given keep their values.

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
        >>> client.study.update("adults", name="old adults", field="name")
        {'name': 'old adults'}
        """
        ids = self._ids("organization", organizations, "organizations")
        body: StudyUpdate = without_none(name=name, organization_ids=ids)
        return self._save(self._server.update_study(self._resolve(id_), body), field, fields)

    def delete(self, id_: Ref | None = None) -> Message:
        """Delete a study.

        Parameters
        ----------
        id_ : int, str or row, optional
            Name, id or row of the study. Required; optional only in the signature.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        InvalidInputError
            If no study is given; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = client.study.delete("adults")
        """
        return self._apply(self._server.delete_study(self._study_id(id_)))

    def add_organization(
        self, organization: Ref, study: Ref | None = None
    ) -> Sequence[Organization]:
        """Add an organization to a study.

        Parameters
        ----------
        organization : int, str or row
            Name, id or row of the organization, which must be a member of the collaboration.
        study : int, str or row, optional
            Name, id or row of the study. Required; optional only in the signature.

        Returns
        -------
        sequence of Organization
            All members, including the new one.

        Raises
        ------
        InvalidInputError
            If no study is given; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to change the study.

        Examples
        --------
        >>> members = client.study.add_organization("Radboudumc", study="adults")
        """
        study_id = self._study_id(study)
        body: Id = {"id": self._id("organization", organization)}
        return self._change(self._server.add_organization_to_study(study_id, body), "organization")

    def remove_organization(
        self, organization: Ref, study: Ref | None = None
    ) -> Sequence[Organization]:
        """Remove an organization from a study.

        Parameters
        ----------
        organization : int, str or row
            Name, id or row of the organization.
        study : int, str or row, optional
            Name, id or row of the study. Required; optional only in the signature.

        Returns
        -------
        sequence of Organization
            The remaining members.

        Raises
        ------
        InvalidInputError
            If no study is given; nothing is sent.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to change the study.

        Examples
        --------
        >>> members = client.study.remove_organization("Maastro", study="adults")
        """
        study_id = self._study_id(study)
        body: Id = {"id": self._id("organization", organization)}
        return self._change(
            self._server.remove_organization_from_study(study_id, body), "organization"
        )

    def _study_id(self, study: Ref | None) -> int:
        if study is None:
            raise InvalidInputError("study: expected a name, id or row, got None. Pass the study.")
        return self._resolve(study)
