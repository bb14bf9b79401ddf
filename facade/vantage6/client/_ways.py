"""The ways to connect: by the environment, by a profile, by a saved login."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ._home import PROFILE_VARIABLE, logins_folder, profile_named, read_login, saved_logins
from ._passwords import can_ask
from ._profiles import Given, Plan, check_all_there, settle
from ._saved import check_owner, the_one
from ._settings import Address
from .errors import ConfigurationError

if TYPE_CHECKING:
    from ._identity import HiddenCode, HiddenPassword
    from ._saved import Saved

# A login that was kept, and its file.
Stored: TypeAlias = "tuple[Path, Saved]"


def by_environment(
    given: Given, password: HiddenPassword | None, mfa_code: HiddenCode | None, save: bool | None
) -> tuple[Address, Plan, Stored | None]:
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
        return by_profile(None, given, password, mfa_code, save)
    return _with_saved_login(settle(given, password, mfa_code, save, os.environ, None))


def by_profile(
    name: str | None,
    given: Given,
    password: HiddenPassword | None,
    mfa_code: HiddenCode | None,
    save: bool | None,
) -> tuple[Address, Plan, Stored | None]:
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
    profile = profile_named(name)
    return _with_saved_login(settle(given, password, mfa_code, save, os.environ, profile))


def by_saved_login(
    path: Path | None,
    given: Given,
    password: HiddenPassword | None,
    mfa_code: HiddenCode | None,
    save: bool | None,
) -> tuple[Address, Plan, Stored]:
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
    plan = settle(given, password, mfa_code, save, os.environ, None)
    url = plan.address.url if plan.address else None
    if path:
        stored = path, read_login(path)
        check_owner(stored[1], path, url, plan.username)
    else:
        found = the_one(saved_logins(), url, plan.username)
        if found is None:
            meant = " at ".join(part for part in (plan.username, url) if part)
            raise ConfigurationError(
                f"no login {f'of {meant} ' if meant else ''}is saved in {logins_folder()}: "
                "log in, and call client.saved_login.save()"
            )
        stored = found
    address = Address.exactly(stored[1].server)
    return address, replace(plan, username=stored[1].username), stored


def _with_saved_login(
    plan: Plan,
) -> tuple[Address, Plan, Stored | None]:
    """Look for a saved login where no password is given."""
    stored = None
    if plan.password is None and plan.address:
        stored = the_one(saved_logins(), plan.address.url, plan.username)
    if stored:
        plan = replace(plan, username=stored[1].username)
    return check_all_there(plan, can_ask=can_ask()), plan, stored
