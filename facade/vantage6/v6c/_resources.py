"""The commands that list and show things, and the few that change them."""

from __future__ import annotations

from typing import Any

import click

from ._command import Group, Shell, listing, named, paged
from ._complete import names_of


def group(name: str, help_: str) -> Group:
    """Make a group of commands."""
    return Group(name, help=help_, no_args_is_help=True)


# -- organizations --------------------------------------------------------------------------------
org = group("org", "Organizations: list, compare and trust their keys.")


@org.command("list")
@click.option("--name", metavar="PATTERN", help="Those of this name; % is any characters.")
@click.option("--country", help="Those of this country.")
@named("study", "--study", help="Those of this study.")
@listing
@click.pass_obj
def org_list(shell: Shell, limit: int | None, fields: list[str] | None, **filters: Any) -> None:
    """List organizations."""
    shell.rows(shell.client.organization.list(fields=fields, **filters, **paged(limit)))


@org.command("show")
@click.argument("organization", required=False, shell_complete=names_of("organization"))
@click.pass_obj
def org_show(shell: Shell, organization: str | None) -> None:
    """Show an organization; your own by default."""
    shell.row(shell.client.organization.get(organization))


@org.command("fingerprint")
@click.argument("organization", required=False, shell_complete=names_of("organization"))
@click.pass_obj
def org_fingerprint(shell: Shell, organization: str | None) -> None:
    """Give the fingerprint of an organization's public key.

    That of your own, if none is named. Compare it with the organization in a way that the server
    has no part in.
    """
    told = shell.client.organization.fingerprint(organization)
    shell.tell(told, {"fingerprint": told})


@org.command("trust")
@click.argument("organization", shell_complete=names_of("organization"))
@click.argument("fingerprint", required=False)
@click.pass_obj
def org_trust(shell: Shell, organization: str, fingerprint: str | None) -> None:
    """Accept the public key of an organization.

    It must have this FINGERPRINT; without one, any key is accepted that the server gives now.
    """
    told = shell.client.organization.trust(organization, fingerprint)
    shell.tell(f"{organization}: {told} is trusted", {"fingerprint": told})


# -- collaborations -------------------------------------------------------------------------------
collab = group("collab", "Collaborations: list and trust them.")


@collab.command("list")
@click.option("--name", metavar="PATTERN", help="Those of this name; % is any characters.")
@named("organization", "--organization", help="Those that it takes part in.")
@click.option(
    "--encrypted/--not-encrypted", default=None, help="Those that are encrypted, or are not."
)
@listing
@click.pass_obj
def collab_list(shell: Shell, limit: int | None, fields: list[str] | None, **filters: Any) -> None:
    """List collaborations."""
    shell.rows(shell.client.collaboration.list(fields=fields, **filters, **paged(limit)))


@collab.command("show")
@click.argument("collaboration_", shell_complete=names_of("collaboration"))
@click.pass_obj
def collab_show(shell: Shell, collaboration_: str) -> None:
    """Show a collaboration."""
    shell.row(shell.client.collaboration.get(collaboration_))


@collab.command("trust")
@click.argument("collaboration_", shell_complete=names_of("collaboration"))
@click.pass_obj
def collab_trust(shell: Shell, collaboration_: str) -> None:
    """Accept what the server says of a collaboration's encryption."""
    encrypted = shell.client.collaboration.trust(collaboration_)
    told = "encrypted" if encrypted else "not encrypted: the server can read what is sent there"
    shell.tell(f"{collaboration_} is trusted to be {told}", {"encrypted": encrypted})


# -- studies --------------------------------------------------------------------------------------
study = group("study", "Studies: list, create and delete them.")


@study.command("list")
@click.option("--name", metavar="PATTERN", help="Those of this name; % is any characters.")
@named("organization", "--organization", help="Those that it takes part in.")
@listing
@click.pass_obj
def study_list(shell: Shell, limit: int | None, fields: list[str] | None, **filters: Any) -> None:
    """List studies."""
    shell.rows(shell.client.study.list(fields=fields, **filters, **paged(limit)))


@study.command("show")
@click.argument("study", shell_complete=names_of("study"))
@click.pass_obj
def study_show(shell: Shell, study: str) -> None:
    """Show a study."""
    shell.row(shell.client.study.get(study))


@study.command("create")
@click.argument("name")
@click.argument("organizations", nargs=-1, required=True, shell_complete=names_of("organization"))
@click.pass_obj
def study_create(shell: Shell, name: str, organizations: tuple[str, ...]) -> None:
    """Make a study of some ORGANIZATIONS of a collaboration (-c)."""
    row = shell.client.study.create(name, organizations)
    shell.tell(f"study {row['id']}, {name!r}, is made", row)


@study.command("delete")
@click.argument("study", shell_complete=names_of("study"))
@click.pass_obj
def study_delete(shell: Shell, study: str) -> None:
    """Delete a study."""
    answer = shell.client.study.delete(study)
    shell.tell(answer["msg"], answer)


# -- nodes ----------------------------------------------------------------------------------------
node = group("node", "Nodes: which there are, and whether they are online.")


@node.command("list")
@click.option("--name", metavar="PATTERN", help="Those of this name; % is any characters.")
@named("organization", "--organization", help="Those of this organization.")
@named("study", "--study", help="Those of this study's organizations.")
@click.option("--online/--offline", "is_online", default=None, help="Those that are, or are not.")
@listing
@click.pass_obj
def node_list(shell: Shell, limit: int | None, fields: list[str] | None, **filters: Any) -> None:
    """List nodes."""
    shell.rows(shell.client.node.list(fields=fields, **filters, **paged(limit)))


@node.command("show")
@click.argument("node", shell_complete=names_of("node"))
@click.pass_obj
def node_show(shell: Shell, node: str) -> None:
    """Show a node."""
    shell.row(shell.client.node.get(node))


# -- what there is besides ------------------------------------------------------------------------
user = group("user", "Users: list and show them.")
role = group("role", "Roles: named sets of rules.")
rule = group("rule", "Rules: what users may be allowed to do.")
store = group("store", "Algorithm stores that are linked to the server.")
run = group("run", "Runs: what of a task each organization has to do.")


@user.command("list")
@named("organization", "--organization", help="Those of this organization.")
@listing
@click.pass_obj
def user_list(shell: Shell, limit: int | None, fields: list[str] | None, **filters: Any) -> None:
    """List users."""
    shell.rows(shell.client.user.list(fields=fields, **filters, **paged(limit)))


@user.command("show")
@click.argument("user", required=False)
@click.pass_obj
def user_show(shell: Shell, user: str | None) -> None:
    """Show a user; yourself by default."""
    shell.row(shell.client.user.get(user))


@role.command("list")
@listing
@click.pass_obj
def role_list(shell: Shell, limit: int | None, fields: list[str] | None) -> None:
    """List roles."""
    shell.rows(shell.client.role.list(fields=fields, **paged(limit)))


@role.command("show")
@click.argument("role", shell_complete=names_of("role"))
@click.pass_obj
def role_show(shell: Shell, role: str) -> None:
    """Show a role."""
    shell.row(shell.client.role.get(role))


@rule.command("list")
@named("role", "--role", help="Those of this role.")
@listing
@click.pass_obj
def rule_list(shell: Shell, limit: int | None, fields: list[str] | None, **filters: Any) -> None:
    """List rules."""
    shell.rows(shell.client.rule.list(fields=fields, **filters, **paged(limit)))


@store.command("list")
@click.option("--name", metavar="PATTERN", help="Those of this name; % is any characters.")
@listing
@click.pass_obj
def store_list(shell: Shell, limit: int | None, fields: list[str] | None, **filters: Any) -> None:
    """List algorithm stores."""
    shell.rows(shell.client.store.list(fields=fields, **filters, **paged(limit)))


@store.command("show")
@click.argument("store", shell_complete=names_of("store"))
@click.pass_obj
def store_show(shell: Shell, store: str) -> None:
    """Show an algorithm store."""
    shell.row(shell.client.store.get(store))


@run.command("list")
@named("task", "--task", help="Those of this task.")
@named("organization", "--organization", help="Those at this organization.")
@click.option("--status", "state", help="Those in this status.")
@listing
@click.pass_obj
def run_list(shell: Shell, limit: int | None, fields: list[str] | None, **filters: Any) -> None:
    """List runs, the newest first."""
    shell.rows(shell.client.run.list(fields=fields, **filters, **paged(limit)))


@run.command("show")
@click.argument("run", type=int)
@click.pass_obj
def run_show(shell: Shell, run: int) -> None:
    """Show a run, its log and its input included; RUN is its id."""
    shell.row(shell.client.run.get(run))


GROUPS = (org, collab, study, node, user, role, rule, store, run)
