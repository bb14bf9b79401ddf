"""Check the permissions of files that hold secrets or decide on trust."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .._utils.warnings import warn
from ..errors import ConfigurationError


def check_access(
    path: Path, subject: str, *, is_secret: bool = False, is_private: bool = False
) -> None:
    """Refuse a file that any user can change; warn if some others can, or can read a secret.

    A private secret that others can read is refused.
    """
    if os.name != "posix":  # Windows has no such permission bits, but reports some
        return
    for place in dict.fromkeys((path, path.parent, path.resolve().parent)):
        try:
            facts = place.stat()
        except OSError:
            continue  # reading the file tells what is wrong
        mode, expected = stat.S_IMODE(facts.st_mode), "no write permission for other users"
        can_write = mode & 0o022
        if place != path and mode & stat.S_ISVTX:
            can_write = 0  # as in /tmp: others cannot replace the file
        if can_write & 0o002:
            raise ConfigurationError(
                f"{subject}: expected {expected}, got {mode:04o} for {place}. Any user of this "
                f"machine could have changed it: check it, then run chmod go-w on {place}."
            )
        if place == path and is_secret and mode & 0o077 and stat.S_ISREG(facts.st_mode):
            expected = "permissions 0600"
            hint = "Other users of this machine may use it. Run chmod 600 on the file."
            message = f"{subject}: expected {expected}, got {mode:04o}. {hint}"
            if is_private:
                raise ConfigurationError(message)
            warn(message)
        elif can_write and not _is_private_group(facts.st_gid):
            hint = f"Its group can change it. Run chmod g-w on {place}."
            warn(f"{subject}: expected {expected}, got {mode:04o} for {place}. {hint}")
        if facts.st_uid not in (0, os.geteuid()):
            warn(
                f"{subject}: expected {place} to be yours, got the user id {facts.st_uid} as its "
                "owner, who can change it. Use a file and a folder of your own."
            )


def _is_private_group(gid: int) -> bool:
    """Return whether this is the group that many systems create for each user alone."""
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
