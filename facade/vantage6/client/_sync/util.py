# Derived from facade/vantage6/client/_async/util.py by unasync.py: edit that instead.
"""The server itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from ._resource import Resource

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Health, Version


class Utilities(Resource):
    """Questions about the server itself."""

    def get_server_version(self) -> Version:
        """Ask which version the server is.

        Returns
        -------
        Version
            Its version in ``["version"]``.

        Raises
        ------
        ConnectionFailed
            When the server cannot be reached.

        Examples
        --------
        >>> client.util.get_server_version()
        {'version': '4.15.2'}
        """
        return self._session.send(calls.get_version())

    def get_server_health(self) -> Health:
        """Ask whether the server's parts work.

        Returns
        -------
        Health
            For each part, whether it works.

        Raises
        ------
        ConnectionFailed
            When the server cannot be reached.

        Examples
        --------
        >>> client.util.get_server_health()
        {'database': True}
        """
        return self._session.send(calls.get_health())
