"""Connects a command to its server, as its options, the environment and saved logins say."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from typing_extensions import Self

    from vantage6.client import Client, Profile

SERVER, PROFILE = "VANTAGE6_SERVER", "VANTAGE6_PROFILE"
# The names of these options among a command's parameters: an operation has some of their own, too.
OWN = "v6c_"
# What a profile fills in where no option and none of these variables says it.
FILLED_IN = {
    "server": SERVER,
    "username": "VANTAGE6_USERNAME",
    "collaboration": "VANTAGE6_COLLABORATION",
    "verify": "VANTAGE6_CA",
    "cert": None,
    "proxy": None,
}


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

    @classmethod
    def taken_from(cls, params: MutableMapping[str, Any]) -> Self:
        """Take them out of a command's parameters."""
        return cls(**{field.name: params.pop(OWN + field.name, None) for field in fields(cls)})

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
    NotAuthenticatedError
        When nobody has logged in, and there is no password to do so.
    ConfigurationError
        When it is not known where to connect, or as whom.
    """
    from vantage6.client import Client, ConfigurationError, NotAuthenticatedError, profiles

    given = options.given
    try:
        if options.profile is not None:
            return Client.from_profile(options.profile, **given)
        if options.server or os.environ.get(SERVER) or os.environ.get(PROFILE):
            return Client.from_env(**given)
        if profiles():
            return Client.from_profile(**given)
        return Client.from_saved_login(**given)
    except ConfigurationError as error:
        # Scripts are to tell a login that is missing from a word that is wrong.
        if any(sign in str(error) for sign in ("there is no password", "no login")):
            raise NotAuthenticatedError(
                "nobody is logged in here, and there is no password"
            ) from None
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
    NotAuthenticatedError
        When it is not even known which server is meant.
    """
    from vantage6.client import Client, NotAuthenticatedError

    try:
        return connect(options)
    except NotAuthenticatedError:
        server = server_of(options)
        if server is None:
            raise
        return Client(server, log_level=options.given.get("log_level"))


def connect_unasked(options: Options) -> Client:
    """Make a client that is logged in by a saved login, without a key; nobody logs in anew.

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
    LookupError
        When the saved login has lapsed.
    ConfigurationError
        When there is none.
    """
    from vantage6.client import Client, profiles

    def refuse() -> str:
        raise LookupError("the saved login has lapsed")

    given: dict[str, Any] = {**options.given, "log_level": "critical"}
    given.pop("private_key", None)
    # To set up a key may write to the server. This program ends soon: nobody misses the variable.
    os.environ.pop("VANTAGE6_PRIVATE_KEY", None)
    profile = _profile_of(options, profiles())
    for name, variable in FILLED_IN.items():
        value = getattr(profile, name, None)
        if value is not None and name not in given and not os.environ.get(variable or ""):
            given[name] = value
    return Client.from_saved_login(password=refuse, mfa_code=refuse, max_retries=0, **given)


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
    profile = _default_of(known)
    return profile.server if profile else None


def _profile_of(options: Options, known: Mapping[str, Profile]) -> Profile | None:
    """Tell which profile counts, as `connect` does."""
    if options.profile is not None:
        return known.get(options.profile)
    if (options.server or os.environ.get(SERVER)) and not os.environ.get(PROFILE):
        return None
    return _default_of(known)


def _default_of(known: Mapping[str, Profile]) -> Profile | None:
    only = next(iter(known)) if len(known) == 1 else "default"
    return known.get(os.environ.get(PROFILE) or only)
