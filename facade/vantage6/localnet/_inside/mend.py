"""Give (str, Enum) members the formatting of Python 3.10, which vantage6 4.x relies on.

The server derives attribute names from its permission enums with f-strings. Since Python 3.11 those
give ``Scope.GLOBAL`` where 3.10 gave ``glo``, and every permission check fails. Importing this
module before vantage6 restores the old result for enums that are strings, and for no others.
"""

import enum
import sys

_format_since_311 = enum.Enum.__format__


def _format(self: enum.Enum, spec: str) -> str:
    """Format a member that is a string as its value, as Python 3.10 did."""
    if isinstance(self, str) and type(self).__str__ is enum.Enum.__str__:
        return format(str.__str__(self), spec)
    return _format_since_311(self, spec)


if sys.version_info >= (3, 11):
    enum.Enum.__format__ = _format
