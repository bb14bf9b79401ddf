# Derived by unasync.py: edit facade/vantage6/client/_async/resources/store_review.py instead.
"""The reviews of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.store import calls

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Named, StoreResource

if TYPE_CHECKING:
    from vantage6.bindings.store.rows import Message, Review, ReviewDecision, ReviewInput

    from ..._rows.references import Ref


class StoreReviews(StoreResource, Named["Review"]):
    """Who has assessed, or is to assess, which algorithm."""

    _kind = "review"

    def get(
        self,
        id_: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Review:
        """Look up a review.

        Parameters
        ----------
        id_ : int, str or row
            The review: its name, id or row.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Review
            The review.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.

        Examples
        --------
        >>> (client.store.review.get(1))["status"]
        'approved'
        """
        return self._get(calls.get_review(self._resolve(id_)), field, fields)

    def list(
        self,
        algorithm: Ref | None = None,
        reviewer: Ref | None = None,
        under_review: bool | None = None,
        reviewed: bool | None = None,
        approved: bool | None = None,
        rejected: bool | None = None,
        page: int | None = None,
        per_page: int | None = None,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> Rows[Review]:
        """List reviews.

        Parameters
        ----------
        algorithm : int, str or row, optional
            Keep the reviews of this algorithm.
        reviewer : int, str or row, optional
            Keep the reviews by this user of the store.
        under_review : bool, optional
            True keeps those that are not finished yet; False is as good as nothing.
        reviewed : bool, optional
            True keeps those that are finished; False is as good as nothing.
        approved : bool, optional
            True keeps those that approve; False is as good as nothing.
        rejected : bool, optional
            True keeps those that reject; False is as good as nothing.
        page, per_page : int, optional
            One page only, and its number of rows. By default all rows of all pages are given.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of each row.
        filter_, filters : tuple and sequence of tuples, optional
            Keep the rows with this value in this field, as in ``("status", "approved")``, or those
            that pass several such filters.

        Returns
        -------
        Rows of Review
            The rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        PermissionDeniedError
            When you may not see these reviews.

        Examples
        --------
        >>> client.store.review.list(under_review=True, fields=["id", "algorithm_id"])
        [{'id': ..., 'algorithm_id': ...}]
        """
        listing = partial(
            calls.list_reviews,
            algorithm_id=self._optional_id("algorithm", algorithm),
            reviewer_id=self._optional_id("store_user", reviewer),
            under_review=under_review,
            reviewed=reviewed,
            approved=approved,
            rejected=rejected,
        )
        selection = Selection(field, fields, filter_, filters)
        return self._list(listing, page, per_page, selection)

    def create(
        self,
        algorithm: Ref,
        reviewer: Ref,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Review:
        """Ask a user of the store to review an algorithm.

        Parameters
        ----------
        algorithm : int, str or row
            The algorithm: its name, id or row.
        reviewer : int, str or row
            The user: its name, id or row, at the store.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Review
            The new review.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you may not ask for reviews.

        Examples
        --------
        >>> review = client.store.review.create(algorithm, reviewer="admin")
        """
        body: ReviewInput = {
            "algorithm_id": self._id("algorithm", algorithm),
            "reviewer_id": self._id("store_user", reviewer),
        }
        call = calls.create_review(body)
        return self._get(call, field, fields)

    def delete(
        self,
        id_: Ref,
    ) -> Message:
        """Take back the request for a review.

        Parameters
        ----------
        id_ : int, str or row
            The review: its name, id or row.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not delete it.

        Examples
        --------
        >>> answer = client.store.review.delete(review)
        """
        return self._send_message(calls.delete_review(self._resolve(id_)))

    def approve(
        self,
        id_: Ref,
        comment: str | None = None,
    ) -> Message:
        """Approve of an algorithm, as its reviewer.

        Parameters
        ----------
        id_ : int, str or row
            The review: its name, id or row.
        comment : str, optional
            What you have to say about it.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you are not its reviewer.

        Examples
        --------
        >>> answer = client.store.review.approve(review, "does what it says")
        """
        body: ReviewDecision = without_none(comment=comment)
        return self._send_message(calls.approve_review(self._resolve(id_), body))

    def reject(
        self,
        id_: Ref,
        comment: str | None = None,
    ) -> Message:
        """Reject an algorithm, as its reviewer.

        Parameters
        ----------
        id_ : int, str or row
            The review: its name, id or row.
        comment : str, optional
            What you have to say about it.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        BadRequestError
            When the server finds fault with what is given.
        PermissionDeniedError
            When you are not its reviewer.

        Examples
        --------
        >>> answer = client.store.review.reject(review, "reveals single patients")
        """
        body: ReviewDecision = without_none(comment=comment)
        return self._send_message(calls.reject_review(self._resolve(id_), body))
