"""The types of rows and bodies of an algorithm store, for the resources; only for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vantage6.bindings.store.rows import *  # noqa: F403 - all of them, under a neutral name
