# Derived from facade/vantage6/client/_async/_connect.py by unasync.py: edit that instead.
"""Connecting: from a plan to a client that is logged in and set up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

from .._entry import Account
from .._identity import password_from
from .._keeping import keep, keep_up
from .._passwords import ask, can_ask, find_password
from .._profiles import WAYS
from .._settings import LOGGER
from ..errors import ConfigurationError, NotFoundError, UnauthorizedError

if TYPE_CHECKING:
    from .._identity import MfaCode
    from .._profiles import Plan
    from .._ways import Stored
    from ._session import Session
    from .client import Client


def enter(
    client: Client,
    session: Session,
    plan: Plan,
    stored: Stored | None,
    *,
    auto_relogin: bool,
) -> None:
    """Log in, by a saved login or anew, and set up what is named.

    Parameters
    ----------
    client : Client
        The client.
    session : Session
        Its state.
    plan : Plan
        How to connect.
    stored : (Path, Saved) or None
        The session to try first, and its file.
    auto_relogin : bool
        Whether to log in again when the login has lapsed.

    Raises
    ------
    ConfigurationError
        When no password is to be found.
    """
    if stored is None or not _resume(session, stored):
        found = _account(session, plan)
        # What a function supplies is checked when it does.
        code = cast("MfaCode | None", found.mfa_code)
        client.authenticate(found.username, found.password, code, auto_relogin=auto_relogin)
    elif auto_relogin:
        session.auth.account = (_account(session, plan)).lasting
    file = stored[0] if stored else None
    if plan.save:
        keep(session, file)
    elif file and plan.save is None:
        session.state.kept = file
        keep_up(session)
    if plan.collaboration is not None:
        client.setup_collaboration(plan.collaboration)
    if plan.private_key is not None:
        client.setup_encryption(plan.private_key, passphrase=plan.passphrase)


def _resume(session: Session, stored: Stored) -> bool:
    """Go on with a saved login, if the server still takes it."""
    path, saved = stored
    session.warn_of_readers()
    try:
        who = session.resume(saved.username, saved.tokens(time.monotonic(), time.time()))
    except (UnauthorizedError, NotFoundError):
        LOGGER.info("The login in %s is over: logging in again", path)
        return False
    LOGGER.info("Going on as %s (id %s), by the login in %s", who.name, who.id_, path)
    return True


def _account(session: Session, plan: Plan) -> Account:
    """Find out what to log in with."""
    username = plan.username or ""
    account = f"{username} at {session.url}"
    password = plan.password
    if password is None:
        password = find_password(session.url, username)
    if password is None and can_ask():
        password = ask(f"Password of {account}")
    if password is None:
        raise ConfigurationError(f"there is no password for {account}: {WAYS}")
    code = plan.mfa_code
    if code is None and can_ask():
        code = _ask_code
    return Account(username, password_from(password), code)


def _ask_code() -> str:
    return ask("Code of your authenticator app")
