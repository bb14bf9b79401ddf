"""Commands that list, show, create, change and delete resources.

Most of them call the method of the client with the same name and the same parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from ._account import read_password
from ._command import (
    CommandContext,
    Group,
    kwarg_option,
    list_options,
    name_option,
    page_arguments,
)
from ._completers import ResourceKind, complete_names
from ._output import print_columns, print_error, progress_setting

if TYPE_CHECKING:
    from collections.abc import Mapping


# Adds a parameter to a function that becomes a command.
Parameter: TypeAlias = "Callable[[Callable[..., Any]], Callable[..., Any]]"
# What the client's resources are called in a shell.
NAMES = {"organization": "org", "collaboration": "collab"}


def group(kind: str, help_: str) -> Group:
    """Create the group of commands of one kind of resource."""
    return Group(NAMES.get(kind, kind), help=help_, no_args_is_help=True)


def one(kind: ResourceKind, name: str = "id_", **settings: Any) -> Parameter:
    """Add an argument that takes a name or id, and completes it."""
    if not settings.get("nargs"):
        settings.setdefault("metavar", kind.upper())
    return click.argument(name, shell_complete=complete_names(kind), **settings)


def many(kind: ResourceKind, name: str) -> Parameter:
    """Add an argument that takes several names or ids."""
    return one(kind, name, nargs=-1, required=True, metavar=f"{name.upper()}...")


def with_parameters(*parameters: Parameter) -> Parameter:
    """Add several parameters to a function that becomes a command."""

    def add_all(function: Callable[..., Any]) -> Callable[..., Any]:
        for add in reversed(parameters):
            function = add(function)
        return function

    return add_all


def _add(
    group_: Group,
    name: str,
    help_: str,
    run: Callable[[CommandContext, dict[str, Any]], None],
    parameters: tuple[Parameter, ...],
) -> None:
    @click.pass_obj
    def callback(context: CommandContext, **given: Any) -> None:
        run(context, given)

    group_.command(name, help=help_)(with_parameters(*parameters)(callback))


def listing(group_: Group, kind: str, help_: str, *parameters: Parameter) -> None:
    """Add the command that lists resources."""

    def run(context: CommandContext, given: dict[str, Any]) -> None:
        rows = getattr(context.client, kind).list(**page_arguments(given.pop("limit")), **given)
        context.print_rows(rows)

    _add(group_, "list", help_, run, (*parameters, list_options))


def showing(group_: Group, kind: str, help_: str, *parameters: Parameter) -> None:
    """Add the command that shows one resource."""

    def run(context: CommandContext, given: dict[str, Any]) -> None:
        context.print_row(getattr(context.client, kind).get(**given))

    _add(group_, "show", help_, run, parameters)


def change(group_: Group, kind: str, method: str, help_: str, *parameters: Parameter) -> None:
    """Add a command that calls a method with the options that are set, and prints the outcome."""

    def run(context: CommandContext, given: dict[str, Any]) -> None:
        arguments = {name: value for name, value in given.items() if value not in (None, ())}
        response = getattr(getattr(context.client, kind), method)(**arguments)
        context.print_change(method, kind, response)

    _add(group_, method.replace("_", "-"), help_, run, parameters)


NAME = click.option("--name", metavar="PATTERN", help="Filter by name; % matches any characters.")
NEW_NAME = click.option("--name", help="New name.")
OF_STUDY = name_option("study", "--study", help="Filter by study.")
OF_ORGANIZATION = name_option("organization", "--organization", help="Filter by organization.")
OF_MEMBER = name_option("organization", "--organization", help="Filter by member organization.")
OWNER = name_option(
    "organization", "-o", "--organization", help="Organization; by default your own."
)
DEPENDENTS = click.option(
    "--delete-dependents", is_flag=True, help="Also delete all objects that depend on it."
)
RULES = click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="NAME",
    help="Rule, such as 'task.view.collaboration', or its id; repeatable.",
)

# -- organizations --------------------------------------------------------------------------------
ADDRESS = (
    click.option("--address1", help="First line of the address."),
    click.option("--address2", help="Second line of the address."),
    click.option("--zipcode", help="Postal code."),
    click.option("--country", help="Country."),
    click.option("--domain", help="Internet domain."),
)
org = group("organization", "Manage organizations, and trust their keys.")
listing(
    org,
    "organization",
    "List organizations.",
    NAME,
    click.option("--country", help="Filter by country."),
    OF_STUDY,
)
showing(
    org,
    "organization",
    "Show an organization, by default your own.",
    one("organization", required=False),
)
change(
    org,
    "organization",
    "update",
    "Change an organization, by default your own.",
    one("organization", required=False),
    NEW_NAME,
    *ADDRESS,
)
change(
    org,
    "organization",
    "delete",
    "Delete an organization.",
    one("organization"),
    DEPENDENTS,
)


@org.command("create")
@click.argument("name")
@with_parameters(*ADDRESS)
@click.pass_obj
def org_create(context: CommandContext, name: str, **address: str | None) -> None:
    """Create an organization."""
    texts: Any = {part: text or "" for part, text in address.items()}
    row = context.client.organization.create(name, **texts)
    context.print_change("create", "organization", row)


@org.command("fingerprint")
@one("organization", "organization", required=False)
@click.pass_obj
def org_fingerprint(context: CommandContext, organization: str | None) -> None:
    """Print the fingerprint of an organization's public key.

    By default that of your own organization. Compare it with the organization over a channel that
    the server does not control.
    """
    fingerprint = context.client.organization.fingerprint(organization)
    context.print_message(fingerprint, {"fingerprint": fingerprint})


@org.command("trust")
@one("organization", "organization")
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
ENCRYPTED = click.option(
    "--encrypted/--not-encrypted", default=None, help="Whether its tasks and results are encrypted."
)
collab = group("collaboration", "Manage and trust collaborations.")
listing(
    collab,
    "collaboration",
    "List collaborations.",
    NAME,
    OF_MEMBER,
    click.option("--encrypted/--not-encrypted", default=None, help="Filter by encryption."),
)
showing(collab, "collaboration", "Show a collaboration.", one("collaboration"))
change(
    collab,
    "collaboration",
    "create",
    "Create a collaboration between ORGANIZATIONS.",
    click.argument("name"),
    many("organization", "organizations"),
    ENCRYPTED,
)
change(
    collab,
    "collaboration",
    "update",
    "Change a collaboration.",
    one("collaboration"),
    NEW_NAME,
    ENCRYPTED,
)
change(
    collab,
    "collaboration",
    "delete",
    "Delete a collaboration.",
    one("collaboration"),
    DEPENDENTS,
)


@collab.command("trust")
@one("collaboration", "collaboration_")
@click.pass_obj
def collab_trust(context: CommandContext, collaboration_: str) -> None:
    """Trust the reported encryption setting."""
    encrypted = context.client.collaboration.trust(collaboration_)
    setting = "encrypted" if encrypted else "not encrypted; the server can read inputs and results"
    context.print_message(f"{collaboration_}: trusted as {setting}", {"encrypted": encrypted})


# -- studies --------------------------------------------------------------------------------------
study = group("study", "Manage studies.")
listing(study, "study", "List studies.", NAME, OF_MEMBER)
showing(study, "study", "Show a study.", one("study"))
change(
    study,
    "study",
    "create",
    "Create a study in a collaboration (-c).",
    click.argument("name"),
    many("organization", "organizations"),
)
change(study, "study", "update", "Rename a study.", one("study"), NEW_NAME)
change(study, "study", "delete", "Delete a study.", one("study"))
KINDS: tuple[tuple[Group, ResourceKind], ...] = ((collab, "collaboration"), (study, "study"))
for group_, kind_ in KINDS:
    member = (one(kind_, kind_), one("organization", "organization"))
    change(group_, kind_, "add_organization", "Add an organization.", *member)
    change(group_, kind_, "remove_organization", "Remove an organization.", *member)

# -- nodes ----------------------------------------------------------------------------------------
node = group("node", "List, register and delete nodes, and replace their keys.")
listing(
    node,
    "node",
    "List nodes.",
    NAME,
    OF_ORGANIZATION,
    name_option("study", "--study", help="Filter by the organizations of a study."),
    click.option("--online/--offline", "is_online", default=None, help="Filter by status."),
)
showing(node, "node", "Show a node.", one("node"))
change(
    node,
    "node",
    "create",
    """Register a node for a collaboration (-c), and print its key.

    The server sends the key only once: store it in the configuration of the node.
    """,
    click.argument("name", required=False),
    OWNER,
)
change(
    node,
    "node",
    "reset_key",
    """Replace the key of a node, and print the new one.

    The server sends the key only once: store it in the configuration of the node. The node can no
    longer log in with its previous key.
    """,
    one("node"),
)
change(
    node,
    "node",
    "update",
    "Rename a node, or clear its VPN address (4.x).",
    one("node"),
    NEW_NAME,
    click.option("--clear-ip", is_flag=True, default=None, help="Clear its VPN address (4.x)."),
)
change(node, "node", "delete", "Delete a node, which can then no longer log in.", one("node"))

# -- users and permissions ------------------------------------------------------------------------
PERSON = (
    click.option("--firstname", help="First name (4.x)."),
    click.option("--lastname", help="Last name (4.x)."),
    click.option("--email", help="Email address (4.x)."),
)
ROLES = name_option("role", "--role", "roles", multiple=True, help="Role; repeatable.")
user = group("user", "Manage users.")
listing(
    user,
    "user",
    "List users.",
    OF_ORGANIZATION,
    name_option("role", "--role", help="Filter by role."),
)
showing(
    user,
    "user",
    "Show a user, by default yourself.",
    one("user", required=False),
)
change(
    user,
    "user",
    "update",
    "Change a user, by default yourself. Roles and rules replace all previous ones.",
    one("user", required=False),
    *PERSON,
    name_option("organization", "-o", "--organization", help="New organization."),
    ROLES,
    RULES,
)
change(user, "user", "delete", "Delete the account of a user.", one("user"))


@user.command("create")
@click.argument("username")
@with_parameters(*PERSON, OWNER, ROLES, RULES)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option(
    "--service-account",
    "is_service_account",
    is_flag=True,
    help="Create an account for scripts, and print its secret (HQ).",
)
@click.pass_obj
def user_create(
    context: CommandContext,
    username: str,
    password_stdin: bool,
    is_service_account: bool,
    **others: Any,
) -> None:
    """Create an account.

    You are prompted for the password of a person.
    """
    password = None
    if not is_service_account:
        password = read_password(password_stdin, is_new=True)
    row = context.client.user.create(
        username=username, password=password, is_service_account=is_service_account, **others
    )
    context.print_change("create", "user", row)


role = group("role", "Manage roles, which are sets of rules.")
listing(role, "role", "List roles.")
showing(role, "role", "Show a role.", one("role"))
change(
    role,
    "role",
    "create",
    "Create a role of the given rules.",
    click.argument("name"),
    click.option("--description", default="", help="Description of the role."),
    RULES,
    name_option("organization", "-o", "--organization", help="Only organization to use the role."),
)
change(
    role,
    "role",
    "update",
    "Change a role. Rules replace all previous ones.",
    one("role", "role"),
    NEW_NAME,
    click.option("--description", help="New description."),
    RULES,
)
change(role, "role", "delete", "Delete a role.", one("role", "role"))
rule = group("rule", "List rules, which are permissions of users.")
listing(rule, "rule", "List rules.", name_option("role", "--role", help="Filter by role."))

# -- algorithm stores -----------------------------------------------------------------------------
ALL = click.option(
    "--all-collaborations", is_flag=True, default=None, help="Link it to all collaborations."
)
store = group("store", "List, link and unlink algorithm stores.")
listing(store, "store", "List algorithm stores.", NAME)
showing(store, "store", "Show an algorithm store.", one("store"))
change(
    store,
    "store",
    "create",
    "Link the algorithm store at an address to a collaboration (-c).",
    click.argument("algorithm_store_url", metavar="URL"),
    click.argument("name"),
    ALL,
    click.option("--force", is_flag=True, help="Accept an address on the server's machine (4.x)."),
)
change(
    store,
    "store",
    "update",
    "Rename an algorithm store, or link it to all collaborations.",
    one("store"),
    NEW_NAME,
    ALL,
)
change(store, "store", "delete", "Remove the link to an algorithm store.", one("store"))

# -- runs -----------------------------------------------------------------------------------------
run = group("run", "List and show runs, one per organization of a task.")
listing(
    run,
    "run",
    "List runs, newest first.",
    name_option("task", "--task", help="Filter by task."),
    OF_ORGANIZATION,
    click.option("--status", "state", help="Filter by status."),
)
showing(
    run,
    "run",
    "Show a run with its log and its input; RUN is its id.",
    click.argument("id_", type=int, metavar="RUN"),
)

# -- sessions -------------------------------------------------------------------------------------
SCOPE = click.option(
    "--scope",
    type=click.Choice(["own", "organization", "collaboration"]),
    help="Who may change the session.",
)
session = group("session", "Manage the sessions of HQ, which contain data frames.")
listing(session, "session", "List sessions.", NAME, SCOPE)
showing(session, "session", "Show a session.", one("session"))
change(
    session,
    "session",
    "create",
    "Create a session in a collaboration (-c).",
    click.argument("name", required=False),
    SCOPE,
    name_option("study", "--study", help="Study of the session."),
)
change(session, "session", "update", "Change a session.", one("session"), NEW_NAME, SCOPE)
change(
    session,
    "session",
    "delete",
    "Delete a session.",
    one("session"),
    DEPENDENTS,
)


@session.command("tree")
@click.argument("name", required=False, shell_complete=complete_names("session"))
@click.pass_obj
def session_tree(context: CommandContext, name: str | None) -> None:
    """Show sessions with their data frames as a tree."""
    client = context.client
    if not context.as_json:
        client.session.tree(name)
        return
    sessions = client.session.list(name)
    context.print_message(
        "", [{**row, "dataframes": client.session.dataframes(row)} for row in sessions]
    )


@session.command("tasks")
@one("session", "session")
@click.pass_obj
def session_tasks(context: CommandContext, session: str) -> None:
    """Show the tasks of a session as a tree.

    Each task is below the one that it waits for.
    """
    client = context.client
    if context.as_json:
        context.print_rows(client.task.list(session=session))
    else:
        client.session.task_tree(session)


@session.command("delete-automatic")
@click.pass_obj
def session_delete_automatic(context: CommandContext) -> None:
    """Delete the sessions that clients created.

    These are your sessions that the client created by itself, with all that they contain.
    """
    context.print_rows(context.client.session.delete_automatic())


# -- data frames ----------------------------------------------------------------------------------
STEP = with_parameters(
    click.option("--image", required=True, help="Docker image of the algorithm."),
    click.option("--method", required=True, help="Function of the algorithm to run."),
    kwarg_option("arguments"),
    name_option(
        "organization",
        "-o",
        "--organization",
        "organizations",
        multiple=True,
        help="Organization, by default all; repeatable.",
    ),
    name_option("store", "--store", help="Algorithm store of the image."),
    click.option("--wait", is_flag=True, help="Wait until the data frame is ready."),
)
dataframe = group("dataframe", "Extract, change and show the data frames of HQ.")


@dataframe.command("list")
@name_option("session", "--session", required=True, help="Session of the data frames.")
@click.pass_obj
def dataframe_list(context: CommandContext, session: str) -> None:
    """List the data frames of a session."""
    context.print_rows(context.client.dataframe.list(session))


showing(dataframe, "dataframe", "Show a data frame.", one("dataframe"))


@dataframe.command("create")
@click.argument("label")
@name_option("session", "--session", required=True, help="Session of the data frame.")
@click.option("--name", help="Name of the data frame; unique in the whole HQ.")
@STEP
@click.pass_obj
def dataframe_create(context: CommandContext, wait: bool, **given: Any) -> None:
    """Extract a data frame from the database with this LABEL."""
    _step(context, context.client.dataframe.create, wait, given)


@dataframe.command("preprocess")
@one("dataframe")
@STEP
@click.pass_obj
def dataframe_preprocess(context: CommandContext, wait: bool, **given: Any) -> None:
    """Change a data frame by a function.

    The step starts after the previous step of the data frame has ended.
    """
    _step(context, context.client.dataframe.preprocess, wait, given)


def _step(
    context: CommandContext,
    start: Callable[..., Mapping[str, Any]],
    is_waiting: bool,
    given: Mapping[str, Any],
) -> None:
    """Start a step of a data frame, and wait for its end on request."""
    row = start(**{name: value or None for name, value in given.items()})
    if is_waiting:
        print_error(f"data frame {row['id']}, {row['name']!r}")
        _wait(context, row["id"], None)
    else:
        context.print_message(f"data frame {row['id']}, {row['name']!r}", row)


def _wait(context: CommandContext, frame: str | int, timeout: float | None) -> None:
    row = context.client.dataframe.wait(frame, timeout=timeout, progress=progress_setting())
    context.print_message(f"data frame {row['id']}, {row['name']!r}: ready", row)


@dataframe.command("wait")
@one("dataframe", "frame")
@click.option("--timeout", type=float, metavar="SECONDS", help="Maximum time to wait.")
@click.pass_obj
def dataframe_wait(context: CommandContext, frame: str, timeout: float | None) -> None:
    """Wait until a data frame is ready.

    It is ready when its last step has ended at all organizations.
    """
    _wait(context, frame, timeout)


@dataframe.command("columns")
@one("dataframe")
@click.pass_obj
def dataframe_columns(context: CommandContext, id_: str) -> None:
    """Show the columns of a data frame.

    Organizations may differ in the type of a column. An index is not passed to functions.
    """
    columns = context.client.dataframe.columns(id_)
    if context.as_json:
        context.print_rows(columns)
    else:
        print_columns(columns)


change(
    dataframe,
    "dataframe",
    "delete",
    "Delete a data frame, at HQ and at the nodes.",
    one("dataframe"),
)

GROUPS = (org, collab, study, node, user, role, rule, store, run, session, dataframe)
