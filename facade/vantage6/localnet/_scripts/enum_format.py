"""Format (str, Enum) members as in Python 3.10, which vantage6 4.x relies on."""

# The server derives attribute names from its permission enums with f-strings. Since Python 3.11
# these yield "Scope.GLOBAL" instead of "glo", and every permission check fails. Import this module
# before vantage6.

import enum
import sys

_format_since_311 = enum.Enum.__format__


def _format(self: enum.Enum, spec: str) -> str:
    """Format string members as their value; leave all others unchanged."""
    if isinstance(self, str) and type(self).__str__ is enum.Enum.__str__:
        return format(str.__str__(self), spec)
    return _format_since_311(self, spec)


if sys.version_info >= (3, 11):
    enum.Enum.__format__ = _format
