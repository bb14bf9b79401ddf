"""The commands about the login and about who one is."""

from __future__ import annotations

import click

from ._command import Command, Shell


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


@click.command("login", cls=Command)
@click.pass_obj
def login(shell: Shell) -> None:
    """Log in."""


@click.command("logout", cls=Command)
@click.pass_obj
def logout(shell: Shell) -> None:
    """Forget the login."""


@click.command("version", cls=Command)
@click.pass_obj
def version(shell: Shell) -> None:
    """Tell the version of this program and, if one is known, of the server."""
    from importlib.metadata import version as version_of

    server = shell.client.util.get_server_version()["version"]
    shell.row({"client": version_of("vantage6-sdk"), "server": server})
