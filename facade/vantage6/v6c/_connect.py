"""Connects a command to its server, as its options, the environment and saved logins say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vantage6.client import Client


@dataclass(frozen=True)
class Options:
    """What each command that talks to a server can be told.

    Attributes
    ----------
    profile, server, username : str or None
        The profile, the server's address, and the user.
    collaboration : str or None
        The collaboration for all that is not told another.
    private_key : path or None
        The file of the organization's private key.
    verbose : bool
        Whether the client tells what it does.
    """

    profile: str | None = None
    server: str | None = None
    username: str | None = None
    collaboration: str | None = None
    private_key: Path | None = None
    verbose: bool = False


def connect(options: Options) -> Client:
    """Make a client that is logged in.

    Parameters
    ----------
    options : Options
        What the command was told.

    Returns
    -------
    Client
        The client.

    Raises
    ------
    InvalidSettings
        When it is not known where to connect, or as whom.
    """
    import os
    from urllib.parse import urlsplit

    from vantage6.client import Client

    url = urlsplit(options.server or os.environ["VANTAGE6_SERVER"])
    level = "info" if options.verbose else "warning"
    client = Client(f"{url.scheme}://{url.hostname}", url.port, url.path or "/api", level)
    client.authenticate(
        options.username or os.environ["VANTAGE6_USERNAME"], os.environ["VANTAGE6_PASSWORD"]
    )
    if options.collaboration:
        client.setup_collaboration(options.collaboration)
    key = options.private_key or os.environ.get("VANTAGE6_PRIVATE_KEY")
    if key:
        client.setup_encryption(key)
    return client
