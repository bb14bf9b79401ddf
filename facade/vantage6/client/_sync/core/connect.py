# Derived by unasync.py: edit facade/vantage6/client/_async/core/connect.py instead.
"""Connect according to a plan: log in, then set up the collaboration and the key."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from ..._auth.credentials import resolve_password
from ..._auth.keyring import find_password
from ..._auth.password import PasswordLogin
from ..._auth.prompt import ask, can_ask
from ..._auth.remember import save_login
from ..._auth.shared import SavedTokens
from ..._config.profiles import LOGIN_ADVICE
from ..._http.secrets import secret_bytes
from ..._utils.logging import LOGGER
from ...errors import CredentialsNotFoundError, NotFoundError, UnauthorizedError
from .auth import ClientAuth

if TYPE_CHECKING:
    from pathlib import Path

    from ..._config.plan import ConnectionPlan, Stored
    from .core import Core


def connect(core: Core, plan: ConnectionPlan, stored: Stored | None, *, auto_relogin: bool) -> None:
    """Log in, with a saved login or a password, then apply the other settings of the plan."""
    saved = None
    if stored and plan.save is not False:
        saved = SavedTokens(stored[0], core.url, stored[1].username)
    is_resumed = stored is not None and _resume(core, stored, saved)
    if not is_resumed:
        login = _password_login(core, plan, refused=stored[0] if stored else None)
        core.login(login.username, login, auto_relogin=auto_relogin)
    elif auto_relogin:
        core.auth.strategy = (_password_login(core, plan)).for_relogin
    if plan.save and not is_resumed:
        save_login(core, saved.path if saved else None)
    elif saved:
        core.auth.saved = saved  # which has the tokens already, if they were resumed
        if not is_resumed:
            core.auth.share()
    if plan.collaboration is not None:
        core.choose_collaboration(plan.collaboration)
    if plan.private_key is not None:
        core.use_key_file(plan.private_key, secret_bytes(plan.passphrase), replace=False)


def _resume(core: Core, stored: Stored, shared: SavedTokens | None) -> bool:
    """Reuse a saved login, if the server still accepts it."""
    path, saved = stored
    core.warn_if_insecure()
    auth = ClientAuth(core.url)  # not the client's own before it is known whose login this is
    auth.tokens, auth.saved = saved.tokens(time.monotonic(), time.time()), shared
    try:
        user = core.resume(saved.username, auth)
    except (UnauthorizedError, NotFoundError):
        LOGGER.info("The login in %s has expired. Logging in again", path)
        return False
    LOGGER.info("Logged in as %s (id %s) with the login in %s", user.name, user.id_, path)
    return True


def _password_login(core: Core, plan: ConnectionPlan, refused: Path | None = None) -> PasswordLogin:
    """Return the account to log in with, from the plan, the keyring or a prompt."""
    username = plan.username or ""
    account = f"{username} at {core.url}"
    password = plan.password
    if password is None:
        password = find_password(core.url, username)
    if password is None and can_ask():
        password = ask(f"Password of {account}")
    if password is None:
        reason = f", because the server refused the login saved in {refused}" if refused else ""
        raise CredentialsNotFoundError(
            f"password of {account}: expected one{reason}, got none. {LOGIN_ADVICE}"
        )
    code = plan.mfa_code
    if code is None and can_ask():
        code = partial(ask, "Code of your authenticator app")
    return PasswordLogin(username, resolve_password(password), code)
