# Derived by unasync.py: edit facade/vantage6/client/_async/core/connect.py instead.
"""Connect according to a plan: log in, then set up the collaboration and the key."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from ..._auth.credentials import resolve_password
from ..._auth.keyring import find_password
from ..._auth.prompt import ask, can_ask
from ..._auth.remember import save_login
from ..._auth.saved_login import Account, check_folder
from ..._auth.shared import SavedTokens
from ..._backend.logins import service_account, user_login
from ..._config.profiles import LOGIN_ADVICE
from ..._http.secrets import secret_bytes
from ..._utils.logging import LOGGER
from ..._utils.threads import run_directly
from ..._utils.warnings import warn
from ...errors import (
    ConfigurationError,
    CredentialsNotFoundError,
    NotFoundError,
    UnauthorizedError,
)
from .auth import ClientAuth

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..._auth.credentials import CodeSource, PasswordSource
    from ..._auth.strategy import AuthStrategy
    from ..._config.plan import ConnectionPlan, Stored
    from .core import Core


def connect(core: Core, plan: ConnectionPlan, stored: Stored | None, *, auto_relogin: bool) -> None:
    """Log in, with a saved login or a password, then apply the other settings of the plan."""
    saved = None
    if stored and plan.save is not False:
        saved = SavedTokens(stored[0], Account(core.url, stored[1].username, core.realm))
    is_resumed = stored is not None and _resume(core, stored, saved)
    is_saving = plan.save and not is_resumed and plan.client_secret is None  # needed again anyway
    if is_saving and not saved:
        is_saving = _is_saved(check_folder)  # before the user logs in
    if not is_resumed:
        login, source = _login(core, plan, refused=stored[0] if stored else None)
        is_lasting = auto_relogin or plan.client_secret is not None
        core.login(plan.username or "", login, auto_relogin=is_lasting)
    else:
        source = f"the saved login in {stored[0]}" if stored else ""
        if auto_relogin:
            core.auth.strategy = (_login(core, plan))[0].for_relogin
    core.state.login_source = source + (f", profile {plan.profile!r}" if plan.profile else "")
    if is_saving:
        _is_saved(partial(save_login, core, saved.path if saved else None))
    elif saved:
        core.auth.saved = saved  # which has the tokens already, if they were resumed
        if not is_resumed:
            core.auth.share()
    if plan.collaboration is not None:
        core.choose_collaboration(plan.collaboration)
    if plan.private_key is not None:
        core.use_key_file(plan.private_key, secret_bytes(plan.passphrase), replace=False)


def _is_saved(save: Callable[[], object]) -> bool:
    """Save a login, or check that it can be saved; warn and go on without if it cannot."""
    try:
        save()
    except ConfigurationError as error:
        warn(f"{error}. The login is not saved: it ends with this program.")
        return False
    return True


def _resume(core: Core, stored: Stored, shared: SavedTokens | None) -> bool:
    """Reuse a saved login, if the server still accepts it."""
    path, saved = stored
    core.warn_if_insecure()
    # Not the client's own before it is known whose login this is.
    auth = ClientAuth(core.url, core.auth.strategy, core.backend.rejects_token)
    auth.tokens, auth.saved = saved.tokens(time.monotonic(), time.time()), shared
    try:
        user = core.resume(saved.username, auth)
    except (UnauthorizedError, NotFoundError):
        LOGGER.info("The login in %s has expired. Logging in again", path)
        return False
    LOGGER.info("Logged in as %s (id %s) with the login in %s", user.name, user.id_, path)
    return True


def _login(
    core: Core, plan: ConnectionPlan, refused: Path | None = None
) -> tuple[AuthStrategy, str]:
    """Return how to log in, and its source: by the plan, at HQ in a browser, or a password."""
    if plan.client_secret is not None:
        account = service_account(core.realm, plan.client_secret, plan.service_account, None)
        return account, f"service account {plan.service_account!r}, secret from {plan.source}"
    if core.realm and plan.password is None:
        if not (can_ask() or plan.show or plan.login):
            raise CredentialsNotFoundError(
                f"login at {core.realm.url}: expected a terminal or notebook to show a code in, or "
                "a saved login, or a service account, got none. Log in once interactively and call "
                "client.saved_login.save(), or set VANTAGE6_SERVICE_ACCOUNT and "
                "VANTAGE6_CLIENT_SECRET."
            )
        login = user_login(core.realm, None, None, None, plan.show, plan.open_browser)
        return login, "a code entered in a browser"
    return complete_login(
        core, plan.username or "", plan.password, plan.mfa_code, refused, plan.source
    )


def complete_login(
    core: Core,
    username: str,
    password: PasswordSource | None,
    code: CodeSource | None,
    refused: Path | None = None,
    source: str = "an argument",
) -> tuple[AuthStrategy, str]:
    """Return a login by password, and its source; what is missing is found or prompted for."""
    account = f"{username} at {core.url}"
    if password is None:
        source, password = "the keyring", run_directly(find_password, core.url, username)
    if password is None and can_ask():
        source, password = "a prompt", ask(f"Password of {account}")
    if password is None:
        reason = f", because the server refused the login saved in {refused}" if refused else ""
        raise CredentialsNotFoundError(
            f"password of {account}: expected one{reason}, got none. {LOGIN_ADVICE}"
        )
    if code is None and can_ask() and not core.realm:
        code = partial(ask, "Code of your authenticator app")
    password = resolve_password(password)
    login = user_login(core.realm, username, password, code, None, None)
    return login, f"a password from {source}"
