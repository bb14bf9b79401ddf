"""Commands that list, show, create and delete resources."""

from __future__ import annotations

from typing import Any

import click

from ._command import CommandContext, Group, list_options, name_option, page_arguments
from ._completers import complete_names


def group(name: str, help_: str) -> Group:
    """Create a group of commands."""
    return Group(name, help=help_, no_args_is_help=True)


# -- organizations --------------------------------------------------------------------------------
org = group("org", "List organizations and trust their keys.")


@org.command("list")
@click.option("--name", metavar="PATTERN", help="Filter by name; % matches any characters.")
@click.option("--country", help="Filter by country.")
@name_option("study", "--study", help="Filter by study.")
@list_options
@click.pass_obj
def org_list(
    context: CommandContext, limit: int | None, fields: list[str] | None, **filters: Any
) -> None:
    """List organizations."""
    context.print_rows(
        context.client.organization.list(fields=fields, **filters, **page_arguments(limit))
    )


@org.command("show")
@click.argument("organization", required=False, shell_complete=complete_names("organization"))
@click.pass_obj
def org_show(context: CommandContext, organization: str | None) -> None:
    """Show an organization, by default your own."""
    context.print_row(context.client.organization.get(organization))


@org.command("fingerprint")
@click.argument("organization", required=False, shell_complete=complete_names("organization"))
@click.pass_obj
def org_fingerprint(context: CommandContext, organization: str | None) -> None:
    """Print the fingerprint of an organization's public key.

    By default that of your own organization. Compare it with the organization over a channel that
    the server does not control.
    """
    fingerprint = context.client.organization.fingerprint(organization)
    context.print_message(fingerprint, {"fingerprint": fingerprint})


@org.command("trust")
@click.argument("organization", shell_complete=complete_names("organization"))
@click.argument("fingerprint", required=False)
@click.pass_obj
def org_trust(context: CommandContext, organization: str, fingerprint: str | None) -> None:
    """Trust the public key of an organization.

    The key must have this FINGERPRINT. Without one, the key that the server currently returns is
    trusted.
    """
    trusted = context.client.organization.trust(organization, fingerprint)
    context.print_message(f"{organization}: trusted {trusted}", {"fingerprint": trusted})


# -- collaborations -------------------------------------------------------------------------------
collab = group("collab", "List and trust collaborations.")


@collab.command("list")
@click.option("--name", metavar="PATTERN", help="Filter by name; % matches any characters.")
@name_option("organization", "--organization", help="Filter by member organization.")
@click.option("--encrypted/--not-encrypted", default=None, help="Filter by encryption.")
@list_options
@click.pass_obj
def collab_list(
    context: CommandContext, limit: int | None, fields: list[str] | None, **filters: Any
) -> None:
    """List collaborations."""
    context.print_rows(
        context.client.collaboration.list(fields=fields, **filters, **page_arguments(limit))
    )


@collab.command("show")
@click.argument("collaboration_", shell_complete=complete_names("collaboration"))
@click.pass_obj
def collab_show(context: CommandContext, collaboration_: str) -> None:
    """Show a collaboration."""
    context.print_row(context.client.collaboration.get(collaboration_))


@collab.command("trust")
@click.argument("collaboration_", shell_complete=complete_names("collaboration"))
@click.pass_obj
def collab_trust(context: CommandContext, collaboration_: str) -> None:
    """Trust the reported encryption setting of a collaboration."""
    encrypted = context.client.collaboration.trust(collaboration_)
    setting = "encrypted" if encrypted else "not encrypted; the server can read inputs and results"
    context.print_message(f"{collaboration_}: trusted as {setting}", {"encrypted": encrypted})


# -- studies --------------------------------------------------------------------------------------
study = group("study", "List, create and delete studies.")


@study.command("list")
@click.option("--name", metavar="PATTERN", help="Filter by name; % matches any characters.")
@name_option("organization", "--organization", help="Filter by member organization.")
@list_options
@click.pass_obj
def study_list(
    context: CommandContext, limit: int | None, fields: list[str] | None, **filters: Any
) -> None:
    """List studies."""
    context.print_rows(context.client.study.list(fields=fields, **filters, **page_arguments(limit)))


@study.command("show")
@click.argument("study", shell_complete=complete_names("study"))
@click.pass_obj
def study_show(context: CommandContext, study: str) -> None:
    """Show a study."""
    context.print_row(context.client.study.get(study))


@study.command("create")
@click.argument("name")
@click.argument(
    "organizations", nargs=-1, required=True, shell_complete=complete_names("organization")
)
@click.pass_obj
def study_create(context: CommandContext, name: str, organizations: tuple[str, ...]) -> None:
    """Create a study with ORGANIZATIONS of a collaboration (-c)."""
    row = context.client.study.create(name, organizations)
    context.print_message(f"created study {row['id']}, {name!r}", row)


@study.command("delete")
@click.argument("study", shell_complete=complete_names("study"))
@click.pass_obj
def study_delete(context: CommandContext, study: str) -> None:
    """Delete a study."""
    response = context.client.study.delete(study)
    context.print_message(response["msg"], response)


# -- nodes ----------------------------------------------------------------------------------------
node = group("node", "List, register and delete nodes, and replace their keys.")


@node.command("list")
@click.option("--name", metavar="PATTERN", help="Filter by name; % matches any characters.")
@name_option("organization", "--organization", help="Filter by organization.")
@name_option("study", "--study", help="Filter by the organizations of a study.")
@click.option("--online/--offline", "is_online", default=None, help="Filter by status.")
@list_options
@click.pass_obj
def node_list(
    context: CommandContext, limit: int | None, fields: list[str] | None, **filters: Any
) -> None:
    """List nodes."""
    context.print_rows(context.client.node.list(fields=fields, **filters, **page_arguments(limit)))


@node.command("show")
@click.argument("node", shell_complete=complete_names("node"))
@click.pass_obj
def node_show(context: CommandContext, node: str) -> None:
    """Show a node."""
    context.print_row(context.client.node.get(node))


@node.command("create")
@click.argument("name", required=False)
@name_option("organization", "-o", "--organization", help="Organization; by default your own.")
@click.pass_obj
def node_create(context: CommandContext, name: str | None, organization: str | None) -> None:
    """Register a node for a collaboration (-c), and print its key.

    The server sends the key only once: store it in the configuration of the node.
    """
    row = context.client.node.create(organization=organization, name=name)
    context.print_secret({name: row[name] for name in ("id", "name", "api_key")})


@node.command("reset-key")
@click.argument("node", shell_complete=complete_names("node"))
@click.pass_obj
def node_reset_key(context: CommandContext, node: str) -> None:
    """Replace the key of a node, and print the new one.

    The server sends the key only once: store it in the configuration of the node. The node can no
    longer log in with its previous key.
    """
    context.print_secret(context.client.node.reset_key(node))


@node.command("delete")
@click.argument("node", shell_complete=complete_names("node"))
@click.pass_obj
def node_delete(context: CommandContext, node: str) -> None:
    """Delete a node, which can then no longer log in."""
    response = context.client.node.delete(node)
    context.print_message(response["msg"], response)


# -- other resources ------------------------------------------------------------------------
user = group("user", "List and show users.")
role = group("role", "List and show roles, which are sets of rules.")
rule = group("rule", "List rules, which are permissions of users.")
store = group("store", "List and show algorithm stores linked to the server.")
run = group("run", "List and show runs, one per organization of a task.")


@user.command("list")
@name_option("organization", "--organization", help="Filter by organization.")
@list_options
@click.pass_obj
def user_list(
    context: CommandContext, limit: int | None, fields: list[str] | None, **filters: Any
) -> None:
    """List users."""
    context.print_rows(context.client.user.list(fields=fields, **filters, **page_arguments(limit)))


@user.command("show")
@click.argument("user", required=False)
@click.pass_obj
def user_show(context: CommandContext, user: str | None) -> None:
    """Show a user, by default yourself."""
    context.print_row(context.client.user.get(user))


@role.command("list")
@list_options
@click.pass_obj
def role_list(context: CommandContext, limit: int | None, fields: list[str] | None) -> None:
    """List roles."""
    context.print_rows(context.client.role.list(fields=fields, **page_arguments(limit)))


@role.command("show")
@click.argument("role", shell_complete=complete_names("role"))
@click.pass_obj
def role_show(context: CommandContext, role: str) -> None:
    """Show a role."""
    context.print_row(context.client.role.get(role))


@rule.command("list")
@name_option("role", "--role", help="Filter by role.")
@list_options
@click.pass_obj
def rule_list(
    context: CommandContext, limit: int | None, fields: list[str] | None, **filters: Any
) -> None:
    """List rules."""
    context.print_rows(context.client.rule.list(fields=fields, **filters, **page_arguments(limit)))


@store.command("list")
@click.option("--name", metavar="PATTERN", help="Filter by name; % matches any characters.")
@list_options
@click.pass_obj
def store_list(
    context: CommandContext, limit: int | None, fields: list[str] | None, **filters: Any
) -> None:
    """List algorithm stores."""
    context.print_rows(context.client.store.list(fields=fields, **filters, **page_arguments(limit)))


@store.command("show")
@click.argument("store", shell_complete=complete_names("store"))
@click.pass_obj
def store_show(context: CommandContext, store: str) -> None:
    """Show an algorithm store."""
    context.print_row(context.client.store.get(store))


@run.command("list")
@name_option("task", "--task", help="Filter by task.")
@name_option("organization", "--organization", help="Filter by organization.")
@click.option("--status", "state", help="Filter by status.")
@list_options
@click.pass_obj
def run_list(
    context: CommandContext, limit: int | None, fields: list[str] | None, **filters: Any
) -> None:
    """List runs, newest first."""
    context.print_rows(context.client.run.list(fields=fields, **filters, **page_arguments(limit)))


@run.command("show")
@click.argument("run", type=int)
@click.pass_obj
def run_show(context: CommandContext, run: int) -> None:
    """Show a run with its log and its input; RUN is its id."""
    context.print_row(context.client.run.get(run))


GROUPS = (org, collab, study, node, user, role, rule, store, run)
