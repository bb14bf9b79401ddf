"""The rules of conduct of the chosen algorithm store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..._http.context import UNSIGNED
from .base import StoreResource

if TYPE_CHECKING:
    from ..._backend.store_rows import Policies, PublicPolicies


class StorePolicies(StoreResource):
    """What the chosen store allows, and what it asks for."""

    async def get(
        self,
        public: bool = False,
        *,
        field: str | None = None,
        fields: Sequence[str] | None = None,
    ) -> Policies | PublicPolicies:
        """Look up the rules of conduct of the store.

        Parameters
        ----------
        public : bool
            Whether to ask only for those that everyone may know; your token is not sent then.
        field, fields : str and sequence of str, optional
            The field, or fields, to keep of the row.

        Returns
        -------
        Policies | PublicPolicies
            The rules, by their names.

        Raises
        ------
        ConfigurationError
            When no store has been chosen with ``client.store.set``.
        PermissionDeniedError
            When you may not see them.

        Examples
        --------
        >>> await client.store.policy.get(public=True, field="algorithm_view")
        {'algorithm_view': 'whitelisted'}
        """
        if public:
            return await self._get(self._store.get_public_policies(), field, fields, UNSIGNED)
        return await self._get(self._store.get_policies(), field, fields)
