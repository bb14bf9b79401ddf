"""Resolve the settings of a connection: arguments, then environment, then profile."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from vantage6.bindings.secret import Secret

from .._auth.prompt import can_ask
from .._auth.saved_login import check_owner, find_login, logins_folder, read_login, saved_logins
from .._encryption.key_files import key_source
from .._encryption.trust import strictest
from .._http.address import API_PATH, HQ_PATH, Address
from .._storage.files import read_text
from .._storage.permissions import check_access
from .._utils.text import suggest
from .._utils.warnings import warn
from ..errors import ConfigurationError, CredentialsNotFoundError
from .environment import PROFILE, Environment
from .options import ClientOptions, ConnectOptions
from .profiles import Profile, find_profile, verify_setting

if TYPE_CHECKING:
    from .._auth.credentials import CodeSource, PasswordSource
    from .._auth.device import DeviceCode
    from .._auth.realm import Realm
    from .._auth.saved_login import StoredLogin
    from .._encryption.key_files import KeySource
    from .._rows.references import Ref


@dataclass(frozen=True)
class ConnectionPlan:
    """The settings of a connection."""

    address: Address | None
    username: str | None
    password: PasswordSource | None = field(repr=False)
    mfa_code: CodeSource | None = field(repr=False)
    collaboration: Ref | None
    private_key: KeySource | None
    passphrase: str | bytes | None = field(repr=False)
    save: bool | None
    options: ClientOptions
    service_account: str | None = None
    client_secret: Secret | None = field(default=None, repr=False)
    login: Literal["code", False] | None = None
    show: Callable[[DeviceCode], object] | None = None
    open_browser: bool | None = None
    # Where password or secret are from, and the profile; for the user, who may have several.
    source: str = ""
    profile: str = ""


def resolve(
    arguments: ConnectOptions,
    password: PasswordSource | None,
    mfa_code: CodeSource | None,
    save: bool | None,
    environ: Mapping[str, str],
    profile: Profile | None,
) -> ConnectionPlan:
    """Resolve settings: arguments take precedence over the environment, and it over the profile.

    Of several values of `trust`, the strictest applies.
    A profile applies only to its own server: its keys and certificates are not for another one.
    What it says of the realm of HQ, such as the secret of a service account, applies only there.
    """
    variables = Environment.read(environ)
    defaults = profile or Profile("")
    server = arguments.get("server") or variables.server or defaults.server
    if server and not defaults.applies_to(server):
        warn(
            f"profile {defaults.name!r}: expected its server, {defaults.server}, got "
            f"{Address.parse(server).url}. The settings of the profile are not used."
        )
        defaults = Profile("")
    collaboration = arguments.get("collaboration")
    if collaboration is None:
        collaboration = variables.collaboration or defaults.collaboration
    key = arguments.get("private_key")
    if key is not None:
        key = key_source(key, "private_key")
    options = _client_options(arguments)
    if "verify" not in options:
        authority = variables.ca
        options["verify"] = verify_setting(authority, Path()) if authority else defaults.verify
    if "cert" not in options and defaults.cert is not None:
        options["cert"] = defaults.cert
    if "proxy" not in options and defaults.proxy is not None:
        options["proxy"] = defaults.proxy
    if trust := strictest(options.get("trust"), defaults.trust, environ=environ):
        options["trust"] = trust
    auth_url = options.get("auth_url") or variables.auth_url or defaults.auth_url
    realm = options.get("auth_realm") or variables.auth_realm
    if server and auth_url and not defaults.applies_to(server, auth_url, realm):
        got = f"{realm!r} at {auth_url}" if realm else auth_url
        warn(
            f"profile {defaults.name!r}: expected its realm, {defaults.auth_url}, got {got}. "
            "The settings of the profile for its realm are not used."
        )
        defaults = replace(
            defaults,
            auth_realm=None,
            auth_client=None,
            auth_verify=True,
            service_account=None,
            client_secret_file=None,
        )
    if auth_url:
        options["auth_url"] = auth_url
        options.setdefault("auth_realm", variables.auth_realm or defaults.auth_realm)
        options.setdefault("auth_client", variables.auth_client or defaults.auth_client)
        authority = options["verify"] if variables.ca else None
        at_realm = authority if isinstance(authority, Path) else defaults.auth_verify
        options.setdefault("auth_verify", at_realm)
    default = HQ_PATH if auth_url else API_PATH
    login = arguments.get("login")
    if login not in (None, False, "code"):
        raise ConfigurationError(f"login: expected 'code', False or None, got {login!r}")
    is_by_code = login == "code" and auth_url
    account = variables.service_account or defaults.service_account
    # Explicit credentials are never replaced by those that are found.
    is_for_account = password is None and arguments.get("username") in (None, account)
    has_secret = auth_url and account and login is not False and is_for_account
    if has_secret:
        found = variables.client_secret is not None
        source = "VANTAGE6_CLIENT_SECRET" if found else f"{defaults.client_secret_file}"
    else:
        source = "an argument" if password is not None else "VANTAGE6_PASSWORD"
    return ConnectionPlan(
        address=Address.parse(server, default=default) if server else None,
        username=arguments.get("username") or variables.username or defaults.username,
        password=variables.password if password is None and not is_by_code else password,
        mfa_code=variables.mfa_code if mfa_code is None else mfa_code,
        collaboration=collaboration,
        private_key=key if key is not None else variables.private_key or defaults.private_key,
        passphrase=arguments.get("private_key_passphrase") or variables.private_key_passphrase,
        save=defaults.save if save is None else save,
        options=options,
        service_account=account,
        client_secret=_client_secret(variables, defaults) if has_secret else None,
        login=login,
        show=arguments.get("show"),
        open_browser=arguments.get("open_browser"),
        source=source,
        profile=defaults.name,
    )


def _client_secret(variables: Environment, profile: Profile) -> Secret:
    """Return the secret of a service account: from a variable, or the file that a profile names."""
    if variables.client_secret is not None:
        return variables.client_secret
    path = profile.client_secret_file
    if path is None:
        raise ConfigurationError(
            "service account: expected its secret in VANTAGE6_CLIENT_SECRET, or in the file that "
            "client_secret_file of a profile names, got none"
        )
    check_access(path, f"the secret in {path}", is_secret=True)
    return Secret(read_text(path).strip())


def _client_options(arguments: ConnectOptions) -> ClientOptions:
    """Return the options for the client itself; reject unknown ones."""
    known = ConnectOptions.__annotations__
    if unknown := arguments.keys() - known.keys():
        name = min(unknown)
        raise TypeError(f"unknown argument {name!r}. {suggest(name, sorted(known))}")
    kept = {key: value for key, value in arguments.items() if key in ClientOptions.__annotations__}
    return cast("ClientOptions", kept)


def require_complete(plan: ConnectionPlan, *, can_ask: bool) -> Address:
    """Return the address of a plan; reject one without a server or a username."""
    missing: list[str] = []
    if not plan.address:
        missing.append("the server's address (VANTAGE6_SERVER, or server=)")
    needs_username = plan.login is not False and not plan.options.get("auth_url")
    is_account = plan.service_account and not plan.username
    if needs_username and is_account:
        missing.append("the address of the Keycloak (VANTAGE6_AUTH_URL, or auth_url=)")
    elif needs_username and not plan.username:
        missing.append("the username (VANTAGE6_USERNAME, or username=)")
    if missing and plan.password is None and not (can_ask or is_account):
        missing.append("the password (VANTAGE6_PASSWORD, or password=)")
    if missing or not plan.address:
        raise ConfigurationError(
            f"missing settings for the connection: {', '.join(missing)}. A profile can also "
            "contain the server and the username. For HQ, set VANTAGE6_AUTH_URL or auth_url= in "
            "place of username and password."
        )
    return plan.address


# The file of a saved login, and its content.
Stored: TypeAlias = "tuple[Path, StoredLogin]"


def plan_from_env(
    arguments: ConnectOptions,
    password: PasswordSource | None,
    mfa_code: CodeSource | None,
    save: bool | None,
) -> tuple[Address, ConnectionPlan, Stored | None]:
    """Plan a connection from the environment, which may name a profile."""
    if os.environ.get(PROFILE):
        return plan_from_profile(None, arguments, password, mfa_code, save)
    return _prefer_saved_login(resolve(arguments, password, mfa_code, save, os.environ, None))


def plan_from_profile(
    name: str | None,
    arguments: ConnectOptions,
    password: PasswordSource | None,
    mfa_code: CodeSource | None,
    save: bool | None,
) -> tuple[Address, ConnectionPlan, Stored | None]:
    """Plan a connection from a profile."""
    profile = find_profile(name)
    return _prefer_saved_login(resolve(arguments, password, mfa_code, save, os.environ, profile))


def plan_from_saved_login(
    path: Path | None,
    arguments: ConnectOptions,
    password: PasswordSource | None,
    mfa_code: CodeSource | None,
    save: bool | None,
) -> tuple[Address, ConnectionPlan, Stored]:
    """Plan a connection from a saved login."""
    plan = resolve(arguments, password, mfa_code, save, os.environ, None)
    url = plan.address.url if plan.address else None
    if path:
        stored = path, read_login(path)
        check_owner(stored[1], path, url, plan.username)
    else:
        found = find_login(saved_logins(), url, plan.username)
        if found is None:
            account = " at ".join(part for part in (plan.username, url) if part)
            raise CredentialsNotFoundError(
                f"no login {f'of {account} ' if account else ''}is saved in {logins_folder()}. "
                "Log in and call client.saved_login.save()."
            )
        stored = found
    options, named = plan.options.copy(), _realm(arguments)
    for name in ("auth_url", "auth_realm", "auth_client"):
        options.pop(name, None)
    if named and stored[1].auth_url != named.url:
        options.pop("auth_verify", None)  # which was for the realm that was named
    plan = _resume(replace(plan, options=options), stored)
    return Address.parse_exact(stored[1].server), plan, stored


def _resume(plan: ConnectionPlan, stored: Stored) -> ConnectionPlan:
    """Return a plan for the user of a saved login, at its realm: both are kept with the login."""
    options, realm = plan.options.copy(), stored[1].realm
    if realm:
        options["auth_url"], options["auth_client"] = realm.url, realm.client
        options.pop("auth_realm", None)
    return replace(plan, username=stored[1].username, options=options)


def _realm(options: ClientOptions) -> Realm | None:
    """Return the realm that options name."""
    auth_url = options.get("auth_url")
    if not auth_url:
        return None
    from .._auth.realm import Realm

    return Realm.parse(auth_url, options.get("auth_realm"), options.get("auth_client"))


def _prefer_saved_login(plan: ConnectionPlan) -> tuple[Address, ConnectionPlan, Stored | None]:
    """Use a saved login if there is no password."""
    stored = None
    may_resume = plan.password is None and plan.client_secret is None and plan.login is None
    if may_resume and plan.address:
        stored = find_login(saved_logins(), plan.address.url, plan.username, _realm(plan.options))
    if stored:
        plan = _resume(plan, stored)
    return require_complete(plan, can_ask=can_ask()), plan, stored
