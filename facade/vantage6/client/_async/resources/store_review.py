"""The reviews of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._http.request import without_none
from ..._rows.rows import Rows
from ..._rows.selection import Selection
from .base import Readable, StoreResource

if TYPE_CHECKING:
    from ..._backend.store_rows import Message, Review, ReviewDecision, ReviewInput
    from ..._rows.references import Ref


class StoreReviews(StoreResource, Readable["Review"]):
    """The reviews of algorithms: finished, or assigned to a reviewer."""

    _kind = "review"

    async def list(
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
            Algorithm that the reviews are for.
        reviewer : int, str or row, optional
            User of the store who is the reviewer.
        under_review : bool, optional
            True selects reviews that are not finished yet; False has no effect.
        reviewed, approved, rejected : bool, optional
            True selects finished reviews: all, or those that approve or reject the algorithm; False
            has no effect.
        page, per_page : int, optional
            Single page to return, and its number of rows. By default, all rows of all pages.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in each row.
        filter_, filters : tuple and sequence of tuples, optional
            Field and required value, such as ``("status", "approved")``; or several such pairs.

        Returns
        -------
        Rows of Review
            The matching rows.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you can see, or several rows.
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        PermissionDeniedError
            If you do not have permission to view these reviews.

        Examples
        --------
        >>> await client.store.review.list(under_review=True, fields=["id", "algorithm_id"])
        [{'id': ..., 'algorithm_id': ...}]
        """
        listing = partial(
            self._store.list_reviews,
            algorithm_id=await self._optional_id("algorithm", algorithm),
            reviewer_id=await self._optional_id("store_user", reviewer),
            under_review=under_review,
            reviewed=reviewed,
            approved=approved,
            rejected=rejected,
        )
        return await self._list(listing, page, per_page, Selection(field, fields, filter_, filters))

    async def create(
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
            Name, id or row of the algorithm.
        reviewer : int, str or row
            Name, id or row of the user at the store.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Review
            The new review.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError
            If the server rejects the request as invalid.
        PermissionDeniedError
            If you do not have permission to request reviews.

        Examples
        --------
        >>> review = await client.store.review.create(algorithm, reviewer="admin")
        """
        body: ReviewInput = {
            "algorithm_id": await self._id("algorithm", algorithm),
            "reviewer_id": await self._id("store_user", reviewer),
        }
        return await self._save(self._store.create_review(body), field, fields)

    async def delete(self, id_: Ref) -> Message:
        """Withdraw the request for a review.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the review.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        PermissionDeniedError
            If you do not have permission to delete it.

        Examples
        --------
        >>> message = await client.store.review.delete(review)
        """
        return await self._apply(self._store.delete_review(await self._resolve(id_)))

    async def approve(self, id_: Ref, comment: str | None = None) -> Message:
        """Approve an algorithm, as its reviewer.

        Parameters
        ----------
        id_ : int, str or row
            Name, id or row of the review.
        comment : str, optional
            Comment on the decision.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If an id does not exist, or a name matches nothing that you can see or several rows.
        BadRequestError, PermissionDeniedError
            If the server rejects the request as invalid, or you are not the reviewer.

        Examples
        --------
        >>> message = await client.store.review.approve(review, "does what it says")
        """
        body: ReviewDecision = without_none(comment=comment)
        return await self._apply(self._store.approve_review(await self._resolve(id_), body))

    async def reject(self, id_: Ref, comment: str | None = None) -> Message:
        """Reject an algorithm, as its reviewer.

        Parameters
        ----------
        id_, comment
            As in `approve`.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        Vantage6Error
            Any error of `approve`.

        Examples
        --------
        >>> message = await client.store.review.reject(review, "reveals single patients")
        """
        body: ReviewDecision = without_none(comment=comment)
        return await self._apply(self._store.reject_review(await self._resolve(id_), body))
