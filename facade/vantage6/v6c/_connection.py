"""Connect a client from options, environment variables and saved logins."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from typing_extensions import Self

    from vantage6.client import Client, Profile

SERVER, PROFILE = "VANTAGE6_SERVER", "VANTAGE6_PROFILE"
TrustMode: TypeAlias = Literal["first-use", "strict", "off"]
# Prefix of these options in a command's parameters: operations have parameters of the same names.
OPTION_PREFIX = "v6c_"
# Fields that a profile fills in if neither an option nor this variable sets them.
PROFILE_FIELDS = {
    "server": SERVER,
    "username": "VANTAGE6_USERNAME",
    "collaboration": "VANTAGE6_COLLABORATION",
    "verify": "VANTAGE6_CA",
    "cert": None,
    "proxy": None,
    # These go together: a client and certificates are for the realm that is named beside them.
    "auth_url": None,
    "auth_realm": None,
    "auth_client": "VANTAGE6_AUTH_CLIENT",
    "auth_verify": "VANTAGE6_CA",
}


class ClientArguments(TypedDict, total=False):
    """Connection arguments of the client."""

    server: str
    username: str
    collaboration: str
    private_key: str
    trust: TrustMode
    log_level: str
    auth_url: str
    auth_realm: str
    auth_client: str
    login: Literal["code", False]
    open_browser: bool | None


@dataclass(frozen=True)
class ConnectionOptions:
    """Connection options of a command."""

    profile: str | None = None
    server: str | None = None
    username: str | None = None
    collaboration: str | None = None
    private_key: str | None = None
    trust: TrustMode | None = None
    verbose: bool = False

    @classmethod
    def pop_from(
        cls, params: MutableMapping[str, Any], before: Mapping[str, Any] | None = None
    ) -> Self:
        """Pop the connection options from a command's parameters; else take those before it."""
        names = {field.name: OPTION_PREFIX + field.name for field in fields(cls)}
        given = {name: params.pop(key, None) for name, key in names.items()}
        options: dict[str, Any] = {
            name: given[name] or (before or {}).get(key) for name, key in names.items()
        }
        return cls(**options)

    @property
    def client_arguments(self) -> ClientArguments:
        """The options that were set, as arguments of the client."""
        arguments: ClientArguments = {"log_level": "info" if self.verbose else "warning"}
        if self.server is not None:
            arguments["server"] = self.server
        if self.username is not None:
            arguments["username"] = self.username
        if self.collaboration is not None:
            arguments["collaboration"] = self.collaboration
        if self.private_key is not None:
            arguments["private_key"] = self.private_key
        if self.trust is not None:
            arguments["trust"] = self.trust
        return arguments


def connect(options: ConnectionOptions) -> Client:
    """Return a client that is logged in."""
    # Order: the given profile, the given server, the default profile, a saved login.
    from vantage6.client import Client, profiles

    arguments = options.client_arguments
    if options.profile is not None:
        return Client.from_profile(options.profile, **arguments)
    if options.server or os.environ.get(SERVER) or os.environ.get(PROFILE):
        return Client.from_env(**arguments)
    if profiles():
        return Client.from_profile(**arguments)
    return Client.from_saved_login(**arguments)


def connect_or_anonymous(options: ConnectionOptions) -> Client:
    """Return a client, logged in if possible."""
    from vantage6.client import CredentialsNotFoundError

    try:
        return connect(options)
    except CredentialsNotFoundError:
        if resolve_server(options) is None:
            raise
        return connect_anonymously(options)


def connect_anonymously(options: ConnectionOptions) -> Client:
    """Return a client that is not logged in, with the settings of the profile that applies."""
    from vantage6.client import Client, profiles

    arguments: ClientArguments = {**options.client_arguments, "login": False}
    profile = resolve_profile(options, profiles())
    return (
        Client.from_profile(profile.name, **arguments) if profile else Client.from_env(**arguments)
    )


def is_at_hq(profile: str | None = None, server: str | None = None) -> bool:
    """Return whether the settings name a Keycloak, where users of version 5 log in."""
    from vantage6.client import ConfigurationError, profiles

    with suppress(ConfigurationError):  # connecting tells what is wrong
        found = resolve_profile(ConnectionOptions(profile=profile, server=server), profiles())
        if found and found.auth_url:
            return True
    return bool(os.environ.get("VANTAGE6_AUTH_URL"))


def connect_without_prompt(options: ConnectionOptions) -> Client:
    """Return a client that uses a saved login and never prompts or logs in."""
    from vantage6.client import Client, profiles

    def refuse() -> str:
        raise LookupError("the saved login has expired")

    arguments: dict[str, Any] = {**options.client_arguments, "log_level": "critical"}
    arguments.pop("private_key", None)
    # Setting up a key may write to the server. The program exits soon after, so changing the
    # environment is harmless.
    os.environ.pop("VANTAGE6_PRIVATE_KEY", None)
    add_profile(arguments, resolve_profile(options, profiles()))
    return Client.from_saved_login(password=refuse, mfa_code=refuse, max_retries=0, **arguments)


def add_profile(arguments: dict[str, Any], profile: Profile | None) -> None:
    """Add the settings of a profile to arguments; those for its realm unless another is named."""
    named = os.environ.get("VANTAGE6_AUTH_URL"), os.environ.get("VANTAGE6_AUTH_REALM")
    for name, variable in PROFILE_FIELDS.items():
        value = getattr(profile, name, None)
        is_set = value is None or name in arguments or os.environ.get(variable or "")
        if (
            not profile
            or is_set
            or (name.startswith("auth_") and not profile.applies_to(None, *named))
        ):
            continue
        arguments[name] = value


def resolve_server(options: ConnectionOptions) -> str | None:
    """Return the server's address from the options, the environment or a profile."""
    from vantage6.client import profiles

    if options.server:
        return options.server
    saved = profiles()
    if options.profile and options.profile in saved:
        return saved[options.profile].server
    if os.environ.get(SERVER):
        return os.environ[SERVER]
    profile = _default_profile(saved)
    return profile.server if profile else None


def resolve_profile(options: ConnectionOptions, saved: Mapping[str, Profile]) -> Profile | None:
    """Return the profile that applies, by the same rules as `connect`."""
    server = options.server or os.environ.get(SERVER)
    if options.profile is not None:
        profile = saved.get(options.profile)
    elif server and not os.environ.get(PROFILE):
        return None
    else:
        profile = _default_profile(saved)
    return profile if profile and (not server or profile.applies_to(server)) else None


def _default_profile(saved: Mapping[str, Profile]) -> Profile | None:
    only = next(iter(saved)) if len(saved) == 1 else "default"
    return saved.get(os.environ.get(PROFILE) or only)
