"""Command that examines the connection."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ._command import Command, CommandContext
from ._output import print_json, print_text

if TYPE_CHECKING:
    from ._diagnosis import Check


@click.command("doctor", cls=Command)
@click.pass_obj
def doctor(context: CommandContext) -> int:
    """Examine the connection, and say what to do.

    Checks proxy, address, TLS, clock, versions, login, key, stores and events, and changes nothing
    on the server. The exit code is that of the first failure.
    """
    from ._examination import KEY, Examination  # help and completion stay fast

    key = os.environ.get(KEY)
    examination = Examination(context.options)
    found: list[Check] = []
    for check in examination.checks():
        found.append(check)
        if not context.as_json:
            print_text(f"{check.state:<8} {check.name:<9} {check.text}")
            if check.remedy:
                print_text(f"{'':<19}{check.remedy}")
    if context.as_json:
        print_json([asdict(check) for check in found])
    if key is not None:
        os.environ[KEY] = key
    return examination.code
