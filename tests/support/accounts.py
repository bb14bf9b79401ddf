"""Run programs as another account of this machine."""

import subprocess
import sys

# Becomes the account "nobody", where that is possible. Modules are imported before, because the
# other account may not read them.
_PROLOGUE = """
import encodings.idna, errno, http.client, json, os, socket, sys, time
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""


def as_another_account(program: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a Python program as another account if this one is root, or else as this one."""
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _PROLOGUE + program, *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
