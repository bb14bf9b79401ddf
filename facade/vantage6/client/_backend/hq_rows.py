"""The types of rows and bodies that only HQ has; only for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vantage6.bindings.hq.rows import *  # noqa: F403 - all of them, under a neutral name
