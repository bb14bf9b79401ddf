"""The commands about the login and about who one is."""

from __future__ import annotations

import os
import sys

import click

from ._command import Command, Shell
from ._connect import PROFILE, server_of


@click.command("login", cls=Command)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--keyring", is_flag=True, help="Keep the password in the system's keyring, too.")
@click.pass_obj
def login(shell: Shell, password_stdin: bool, keyring: bool) -> None:
    """Log in, and stay logged in for the commands that follow.

    The login is saved in a file that only you can read, and a profile (-p, "default" by default)
    remembers server, user, collaboration and the file of the private key. Neither holds the
    password: you are asked for it, unless VANTAGE6_PASSWORD has it, and for a two-factor code where
    the server wants one, unless VANTAGE6_MFA_CODE has it.
    """
    from vantage6.client import Client, profiles

    options, known = shell.options, profiles()
    name = options.profile or os.environ.get(PROFILE) or "default"
    profile = known.get(name)
    given = options.given
    server = given["server"] = server_of(options) or _asked("Server (https://host/api)", "--server")
    username = options.username or os.environ.get("VANTAGE6_USERNAME")
    username = username or (profile.username if profile and profile.server == server else None)
    given["username"] = username or _asked("Username", "--username")
    password = _password(password_stdin)
    if profile:
        client = Client.from_profile(name, password=password, save=True, **given)
    else:
        client = Client.from_env(password=password, save=True, **given)
    with client:
        file = client.save_profile(name)
        if keyring:
            client.saved_login.remember_password(password)
        who = client.whoami
        told = f"{who.name} is logged in at {client.base_path}; profile {name!r} is in {file}"
        shell.tell(told, {"profile": name, "file": str(file), "server": client.base_path})


def _asked(question: str, option: str) -> str:
    """Ask for what is missing, where somebody can be asked."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"nobody can be asked here: give {option}")
    return click.prompt(question, type=str, err=True)


def _password(from_stdin: bool) -> str:
    """Read the password from where it was said to be, or ask for it without showing it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if password := os.environ.get("VANTAGE6_PASSWORD"):
        return password
    if not sys.stdin.isatty():
        raise click.UsageError(
            "nobody can be asked for a password here: give --password-stdin, or VANTAGE6_PASSWORD"
        )
    return click.prompt("Password", hide_input=True, err=True)


@click.command("logout", cls=Command)
@click.option("--keyring", is_flag=True, help="Take the password out of the keyring, too.")
@click.pass_obj
def logout(shell: Shell, keyring: bool) -> None:
    """Forget the saved login. The profile stays: there is no secret in it."""
    from vantage6.client import Client

    server = server_of(shell.options)
    if keyring:
        shell.client.saved_login.forget_password()
    if keyring or server is None:
        gone = shell.client.saved_login.forget()
    else:
        with Client(server, log_level="warning") as client:
            gone = client.saved_login.forget()
    shell.tell("the login is forgotten" if gone else "no login was saved", {"forgotten": gone})


@click.command("whoami", cls=Command)
@click.pass_obj
def whoami(shell: Shell) -> None:
    """Tell as whom you are logged in, and where."""
    who = shell.client.whoami
    shell.row(
        {
            "id": who.id_,
            "name": who.name,
            "organization": {"id": who.organization_id, "name": who.organization_name},
            "server": shell.client.base_path,
        }
    )


@click.command("version", cls=Command)
@click.pass_obj
def version(shell: Shell) -> None:
    """Tell the version of this program, and of the server."""
    from importlib.metadata import version as version_of

    from vantage6.client import Client

    known = {"client": version_of("vantage6-sdk")}
    if server := server_of(shell.options):
        with Client(server, log_level="warning") as client:
            known["server"] = client.util.get_server_version()["version"]
    shell.row(known)
