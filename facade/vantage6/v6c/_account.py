"""Commands for login, logout, identity and versions."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ._command import Command, CommandContext
from ._connection import PROFILE, connect_anonymously, connect_without_prompt, resolve_server

if TYPE_CHECKING:
    from pathlib import Path

    from vantage6.client import Client


@click.command("login", cls=Command)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--keyring", is_flag=True, help="Also store the password in the system keyring.")
@click.option("--auth-url", help="Address of the Keycloak where users of HQ 5.x log in.")
@click.option("--auth-realm", help="Its realm; 'vantage6' by default.")
@click.option("--auth-client", help="Client of the realm; 'public_client' by default.")
@click.option("--browser/--no-browser", default=None, help="Whether to open a browser (HQ).")
@click.pass_obj
def login(
    context: CommandContext,
    password_stdin: bool,
    keyring: bool,
    auth_url: str | None,
    auth_realm: str | None,
    auth_client: str | None,
    browser: bool | None,
) -> None:
    """Log in and save the login.

    The login is saved in a file that only you can read. A profile (-p, "default" by default)
    stores the server, the user, the collaboration and the path of the private key. Neither
    contains the password. You are prompted for the password unless VANTAGE6_PASSWORD is set, and
    for a two-factor code if the server requires one, unless VANTAGE6_MFA_CODE is set.

    With --auth-url, VANTAGE6_AUTH_URL or a profile that has it, you log in at HQ: open the address
    that is shown, in any browser, and enter the code.
    """
    from vantage6.client import Client, profiles

    options = context.options
    name = options.profile or os.environ.get(PROFILE) or "default"
    profile = profiles().get(name)
    arguments = options.client_arguments
    server = arguments["server"] = resolve_server(options) or _prompt(
        "Server (https://host/api)", "--server"
    )
    auth_url = auth_url or os.environ.get("VANTAGE6_AUTH_URL")
    realm = auth_realm or os.environ.get("VANTAGE6_AUTH_REALM")
    if profile and not profile.applies_to(server, auth_url, realm):
        is_own = profile.applies_to(server)
        if options.profile is None:  # the user did not ask to replace it
            own, got = (profile.auth_url, auth_url or realm) if is_own else (profile.server, server)
            raise click.UsageError(
                f"profile {name!r}: expected its {'realm' if is_own else 'server'}, {own}, got "
                f"{got}. Pass --profile with a new name, or --profile {name} to replace this "
                "profile."
            )
        profile = profile if is_own else None
    auth_url = auth_url or (profile and profile.auth_url)
    if auth_url:
        if password_stdin or keyring:
            raise click.UsageError(
                "--password-stdin, --keyring: not for HQ, where you log in at the Keycloak."
            )
        arguments.update(auth_url=auth_url, login="code", open_browser=browser)
        if auth_realm:
            arguments.update(auth_realm=auth_realm)
        if auth_client:
            arguments.update(auth_client=auth_client)
    elif auth_realm or auth_client or browser is not None:
        raise click.UsageError("--auth-realm, --auth-client, --browser: pass --auth-url too.")
    else:
        username = options.username or os.environ.get("VANTAGE6_USERNAME")
        username = username or (profile.username if profile else None)
        arguments["username"] = username or _prompt("Username", "--username")
    password = None if auth_url else read_password(password_stdin)
    if profile:  # with its certificates and proxy
        client = Client.from_profile(name, password=password, save=True, **arguments)
    else:
        client = Client.from_env(password=password, save=True, **arguments)
    with client:
        file = client.save_profile(name)
        if keyring and password:
            client.saved_login.remember_password(password)
        _report(context, client, name, file)


def _report(context: CommandContext, client: Client, name: str, file: Path) -> None:
    message = f"logged in as {client.name} at {client.base_path}; saved profile {name!r} to {file}"
    context.print_message(message, {"profile": name, "file": str(file), "server": client.base_path})


def _prompt(question: str, option: str) -> str:
    """Prompt for a missing value."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"cannot prompt: standard input is not a terminal. Pass {option}.")
    return click.prompt(question, type=str, err=True)


def read_password(from_stdin: bool, *, is_new: bool = False) -> str:
    """Read the password from standard input or the environment, or prompt for it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not is_new and (password := os.environ.get("VANTAGE6_PASSWORD")):
        return password
    if not sys.stdin.isatty():
        raise click.UsageError(
            "cannot prompt for a password: standard input is not a terminal. "
            f"Pass --password-stdin{'' if is_new else ', or set VANTAGE6_PASSWORD'}."
        )
    return click.prompt("Password", hide_input=True, err=True, confirmation_prompt=is_new)


@click.command("logout", cls=Command)
@click.option("--keyring", is_flag=True, help="Also delete the password from the system keyring.")
@click.option("--revoke", is_flag=True, help="Also end the login at the Keycloak (HQ).")
@click.pass_obj
def logout(context: CommandContext, keyring: bool, revoke: bool) -> None:
    """Delete the saved login. The profile remains: it contains no secrets.

    With --revoke, copies of the saved login are worthless, too.
    """
    if revoke:
        with (
            suppress(LookupError),  # it has ended already
            connect_without_prompt(context.options) as client,
        ):
            client.log_out()
            context.print_message("ended the login, and deleted it", {"forgotten": True})
            return
    if keyring:
        context.client.saved_login.forget_password()
    if keyring or resolve_server(context.options) is None:
        deleted = context.client.saved_login.forget()
    else:
        with connect_anonymously(context.options) as client:
            deleted = client.saved_login.forget()
    context.print_message(
        "deleted the saved login" if deleted else "no saved login", {"forgotten": deleted}
    )


@click.command("whoami", cls=Command)
@click.pass_obj
def whoami(context: CommandContext) -> None:
    """Show the user, the server, and where the login is from."""
    who = context.client.whoami
    context.print_row(
        {
            "id": who.id_,
            "name": who.name,
            "organization": {"id": who.organization_id, "name": who.organization_name},
            "server": context.client.base_path,
            "login": context.client.login_source,
        }
    )


@click.command("version", cls=Command)
@click.pass_obj
def version(context: CommandContext) -> None:
    """Show the versions of this program and of the server."""
    from importlib.metadata import version as installed_version

    versions = {"client": installed_version("vantage6-sdk")}
    try:
        if resolve_server(context.options):
            with connect_anonymously(context.options) as client:
                versions["server"] = client.util.get_server_version()["version"]
    finally:
        context.print_row(versions)
