"""Resolve how to connect: arguments, then environment, then profile."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from vantage6.bindings.secret import Secret

from .._auth.prompt import can_ask
from .._auth.saved_login import check_owner, find_login, logins_folder, read_login, saved_logins
from .._http.address import Address
from ..errors import ConfigurationError
from .options import ClientOptions, ConnectOptions
from .profiles import PROFILE_VARIABLE, Profile, find_profile, verify_setting

if TYPE_CHECKING:
    from os import PathLike

    from .._auth.credentials import CodeSource, PasswordSource
    from .._auth.saved_login import StoredLogin
    from .._rows.references import Ref


@dataclass(frozen=True)
class ConnectionPlan:
    """How to connect.

    Attributes
    ----------
    address : Address or None
        Where the API is.
    username : str or None
        The account.
    password : str, callable or None
        The password, what supplies it, or None to look for it elsewhere.
    mfa_code : str, int, callable or None
        The code of the second factor, or what supplies it.
    collaboration : int, str, row or None
        The collaboration to choose.
    private_key : path or None
        The private key to set up.
    passphrase : str, bytes or None
        Its passphrase.
    save : bool or None
        Whether to keep the login; None to go on keeping one that was kept.
    options : ClientOptions
        What the client takes besides.
    """

    address: Address | None
    username: str | None
    password: PasswordSource | None = field(repr=False)
    mfa_code: CodeSource | None = field(repr=False)
    collaboration: Ref | None
    private_key: str | PathLike[str] | None
    passphrase: str | bytes | None = field(repr=False)
    save: bool | None
    options: ClientOptions


def resolve(
    given: ConnectOptions,
    password: PasswordSource | None,
    mfa_code: CodeSource | None,
    save: bool | None,
    environ: Mapping[str, str],
    profile: Profile | None,
) -> ConnectionPlan:
    """Decide how to connect: an argument wins over the environment, and that over the profile.

    Parameters
    ----------
    given : ConnectOptions
        The arguments that go by name.
    password : str, callable or None
        The password, or what supplies it.
    mfa_code : str, int, callable or None
        The code of the second factor, or what supplies it.
    save : bool or None
        Whether to keep the login.
    environ : mapping of str to str
        The environment; an empty variable counts as none.
    profile : Profile or None
        The profile.

    Returns
    -------
    Plan
        What it comes to.

    Raises
    ------
    ConfigurationError
        When the server's address cannot work.
    """

    def variable(name: str) -> str | None:
        return environ.get(f"VANTAGE6_{name}") or None

    def hidden(name: str) -> Secret | None:
        return Secret(environ[f"VANTAGE6_{name}"]) if variable(name) else None

    known = profile or Profile("")
    server = given.get("server") or variable("SERVER") or known.server
    collaboration = given.get("collaboration")
    if collaboration is None:
        collaboration = variable("COLLABORATION") or known.collaboration
    options = _options(given)
    if "verify" not in options:
        authority = variable("CA")
        options["verify"] = verify_setting(authority, Path()) if authority else known.verify
    if "cert" not in options and known.cert is not None:
        options["cert"] = known.cert
    if "proxy" not in options and known.proxy is not None:
        options["proxy"] = known.proxy
    return ConnectionPlan(
        address=Address.parse(server) if server else None,
        username=given.get("username") or variable("USERNAME") or known.username,
        password=hidden("PASSWORD") if password is None else password,
        mfa_code=hidden("MFA_CODE") if mfa_code is None else mfa_code,
        collaboration=collaboration,
        private_key=given.get("private_key") or variable("PRIVATE_KEY") or known.private_key,
        passphrase=given.get("private_key_passphrase") or hidden("PRIVATE_KEY_PASSPHRASE"),
        save=known.save if save is None else save,
        options=options,
    )


def _options(given: ConnectOptions) -> ClientOptions:
    """Take what is for the client itself."""
    own = ConnectOptions.__annotations__.keys() - ClientOptions.__annotations__.keys()
    unknown = given.keys() - ConnectOptions.__annotations__.keys()
    if unknown:
        name = min(unknown)
        near = get_close_matches(name, ConnectOptions.__annotations__, n=2) or sorted(
            ConnectOptions.__annotations__
        )
        raise TypeError(f"there is no argument {name!r}; did you mean {' or '.join(near)}?")
    kept = {key: value for key, value in given.items() if key not in own}
    return cast("ClientOptions", kept)


def require_complete(plan: ConnectionPlan, *, can_ask: bool) -> Address:
    """Refuse to connect without a server and a user.

    Parameters
    ----------
    plan : ConnectionPlan
        How to connect.
    can_ask : bool
        Whether somebody is there who could be asked for the password.

    Returns
    -------
    Address
        Where the API is.

    Raises
    ------
    ConfigurationError
        When something is missing: all that is, at once.
    """
    missing: list[str] = []
    if not plan.address:
        missing.append("the server's address (VANTAGE6_SERVER, or server=)")
    if not plan.username:
        missing.append("the username (VANTAGE6_USERNAME, or username=)")
    if missing and plan.password is None and not can_ask:
        missing.append("the password (VANTAGE6_PASSWORD, or password=)")
    if missing or not plan.address:
        raise ConfigurationError(
            f"not enough is known to connect: {', '.join(missing)}; a profile may have the server "
            "and the username, too"
        )
    return plan.address


# A login that was kept, and its file.
Stored: TypeAlias = "tuple[Path, StoredLogin]"


def plan_from_env(
    given: ConnectOptions,
    password: PasswordSource | None,
    mfa_code: CodeSource | None,
    save: bool | None,
) -> tuple[Address, ConnectionPlan, Stored | None]:
    """Plan a connection by the environment, which may name a profile.

    Parameters
    ----------
    given, password, mfa_code, save : object
        The arguments; see `settle`.

    Returns
    -------
    Address
        Where to.
    Plan
        How to connect.
    (Path, Saved) or None
        The session to try first, and its file.
    """
    if os.environ.get(PROFILE_VARIABLE):
        return plan_from_profile(None, given, password, mfa_code, save)
    return _prefer_saved_login(resolve(given, password, mfa_code, save, os.environ, None))


def plan_from_profile(
    name: str | None,
    given: ConnectOptions,
    password: PasswordSource | None,
    mfa_code: CodeSource | None,
    save: bool | None,
) -> tuple[Address, ConnectionPlan, Stored | None]:
    """Plan a connection by a profile.

    Parameters
    ----------
    name : str or None
        Its name; None for that of the environment, the only one, or ``default``.
    given, password, mfa_code, save : object
        The arguments; see `settle`.

    Returns
    -------
    Address
        Where to.
    Plan
        How to connect.
    (Path, Saved) or None
        The session to try first, and its file.
    """
    profile = find_profile(name)
    return _prefer_saved_login(resolve(given, password, mfa_code, save, os.environ, profile))


def plan_from_saved_login(
    path: Path | None,
    given: ConnectOptions,
    password: PasswordSource | None,
    mfa_code: CodeSource | None,
    save: bool | None,
) -> tuple[Address, ConnectionPlan, Stored]:
    """Plan a connection by a saved login.

    Parameters
    ----------
    path : Path or None
        Its file; None for the only one in the folder of all, of the server and user that are given.
    given, password, mfa_code, save : object
        The arguments; see `settle`.

    Returns
    -------
    Address
        Where to.
    Plan
        How to connect.
    (Path, Saved)
        The session to try first, and its file.

    Raises
    ------
    ConfigurationError
        When there is none, or it is of another server or user.
    """
    plan = resolve(given, password, mfa_code, save, os.environ, None)
    url = plan.address.url if plan.address else None
    if path:
        stored = path, read_login(path)
        check_owner(stored[1], path, url, plan.username)
    else:
        found = find_login(saved_logins(), url, plan.username)
        if found is None:
            meant = " at ".join(part for part in (plan.username, url) if part)
            raise ConfigurationError(
                f"no login {f'of {meant} ' if meant else ''}is saved in {logins_folder()}: "
                "log in, and call client.saved_login.save()"
            )
        stored = found
    address = Address.parse_exact(stored[1].server)
    return address, replace(plan, username=stored[1].username), stored


def _prefer_saved_login(
    plan: ConnectionPlan,
) -> tuple[Address, ConnectionPlan, Stored | None]:
    """Look for a saved login where no password is given."""
    stored = None
    if plan.password is None and plan.address:
        stored = find_login(saved_logins(), plan.address.url, plan.username)
    if stored:
        plan = replace(plan, username=stored[1].username)
    return require_complete(plan, can_ask=can_ask()), plan, stored
