"""The policies of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..._http.context import UNSIGNED
from .base import StoreResource

if TYPE_CHECKING:
    from ..._backend.store_rows import Policies, PublicPolicies


class StorePolicies(StoreResource):
    """The policies of the chosen store: permissions and requirements."""

    async def get(
        self, public: bool = False, *, field: str | None = None, fields: Sequence[str] | None = None
    ) -> Policies | PublicPolicies:
        """Return the policies of the store.

        Parameters
        ----------
        public : bool
            Whether to return only the public policies; in that case, your token is not sent.
        field, fields : str and sequence of str, optional
            Field, or fields, to keep in the row.

        Returns
        -------
        Policies | PublicPolicies
            The policies, by name.

        Raises
        ------
        ConfigurationError
            If no store was chosen with ``client.store.set``.
        PermissionDeniedError
            If you do not have permission to view them.

        Examples
        --------
        >>> await client.store.policy.get(public=True, field="algorithm_view")
        {'algorithm_view': 'whitelisted'}
        """
        if public:
            return await self._get(self._store.get_public_policies(), field, fields, UNSIGNED)
        return await self._get(self._store.get_policies(), field, fields)
