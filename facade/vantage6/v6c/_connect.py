"""Connects a command to its server, as its options, the environment and saved logins say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from vantage6.client import Client

SERVER, PROFILE = "VANTAGE6_SERVER", "VANTAGE6_PROFILE"


class Given(TypedDict, total=False):
    """What the client takes of a command's options."""

    server: str
    username: str
    collaboration: str
    private_key: Path
    log_level: str


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

    @property
    def given(self) -> Given:
        """Those that were given, in the client's words."""
        given: Given = {"log_level": "info" if self.verbose else "warning"}
        if self.server is not None:
            given["server"] = self.server
        if self.username is not None:
            given["username"] = self.username
        if self.collaboration is not None:
            given["collaboration"] = self.collaboration
        if self.private_key is not None:
            given["private_key"] = self.private_key
        return given


def connect(options: Options) -> Client:
    """Make a client that is logged in.

    The profile that is named counts, or else the server that is, or the profile or the saved
    session that there is.

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
    NotAuthenticated
        When nobody has logged in, and there is no password to do so.
    InvalidSettings
        When it is not known where to connect, or as whom.
    """
    from vantage6.client import Client, InvalidSettings, NotAuthenticated, profiles

    given = options.given
    try:
        if options.profile is not None:
            return Client.from_profile(options.profile, **given)
        if options.server or os.environ.get(SERVER) or os.environ.get(PROFILE):
            return Client.from_env(**given)
        if profiles():
            return Client.from_profile(**given)
        return Client.from_session(**given)
    except InvalidSettings as error:
        # Scripts are to tell a login that is missing from a word that is wrong.
        if any(sign in str(error) for sign in ("there is no password", "no session")):
            raise NotAuthenticated("nobody is logged in here, and there is no password") from None
        raise


def connect_at_all(options: Options) -> Client:
    """Make a client that is logged in if it can be, for operations that are open to all.

    Parameters
    ----------
    options : Options
        What the command was told.

    Returns
    -------
    Client
        The client; without a login where nobody has logged in and the server is known.

    Raises
    ------
    NotAuthenticated
        When it is not even known which server is meant.
    """
    from vantage6.client import Client, NotAuthenticated

    try:
        return connect(options)
    except NotAuthenticated:
        server = server_of(options)
        if server is None:
            raise
        return Client(server, log_level=options.given.get("log_level"))


def server_of(options: Options) -> str | None:
    """Tell which server is meant, as far as that is known without a login.

    Parameters
    ----------
    options : Options
        What the command was told.

    Returns
    -------
    str or None
        Its address.
    """
    from vantage6.client import profiles

    if options.server:
        return options.server
    known = profiles()
    if options.profile and options.profile in known:
        return known[options.profile].server
    if os.environ.get(SERVER):
        return os.environ[SERVER]
    only = next(iter(known)) if len(known) == 1 else "default"
    profile = known.get(os.environ.get(PROFILE) or only)
    return profile.server if profile else None
