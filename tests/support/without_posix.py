"""Take away what only POSIX has from the client and `v6c`: `-p tests.support.without_posix`.

Windows itself is another matter: this shows that no module or call of POSIX is on the way. Other
packages, and the tests, keep all.
"""

import builtins
import os
import re
import signal
import socket
import time
from types import ModuleType
from typing import Any

import pytest

MODULES = frozenset(
    {
        *("crypt", "fcntl", "grp", "nis", "posix", "pty", "pwd", "readline", "resource"),
        *("spwd", "syslog", "termios", "tty"),
    }
)
LACKING: dict[str, tuple[ModuleType, str]] = {
    "os": (
        os,
        "CLOEXEC|O_DIRECTORY|O_NOFOLLOW|O_NONBLOCK|O_SYNC|chown|chroot|ctermid|fchdir|fchmod|fchown"
        "|fork|forkpty|get(e?[gu]id|groups|loadavg|pgid|pgrp|sid)|killpg|lchown|lockf|mkfifo|mknod"
        "|nice|openpty|posix_spawn|pread|preadv|pwrite|pwritev|register_at_fork|sched_getaffinity"
        "|sendfile|set(e?[gu]id|pgid|sid)|statvfs|sync|sysconf|tcgetpgrp|uname|wait|wait3|wait4",
    ),
    "signal": (
        signal,
        "SIG(ALRM|CHLD|CONT|HUP|KILL|PIPE|QUIT|STOP|TSTP|USR1|USR2|WINCH)|alarm|pause"
        "|pthread_kill|pthread_sigmask|setitimer|sigpending|sigwait",
    ),
    "socket": (socket, "AF_UNIX|SO_REUSEPORT"),
    "time": (time, "clock_gettime|clock_settime|tzset"),
}
ROOTS = ("vantage6.client", "vantage6.v6c", "vantage6.bindings")


class WindowsModule(ModuleType):
    """A module without the names that only POSIX has."""

    def __init__(self, real: ModuleType, missing: str) -> None:
        super().__init__(real.__name__)
        self._real, self._missing = real, missing
        if real is os:
            self.name = "nt"

    def __getattr__(self, name: str) -> Any:
        if re.fullmatch(self._missing, name):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self._real, name)


FAKES = {name: WindowsModule(*parts) for name, parts in LACKING.items()}
real_import = builtins.__import__


def without_posix(
    name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
) -> ModuleType:
    """Import a module as Windows has it, if the client or `v6c` asks."""
    if level == 0 and globals and str(globals.get("__name__")).startswith(ROOTS):
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in FAKES:
            return FAKES[name]
    return real_import(name, globals, locals, fromlist, level)


builtins.__import__ = without_posix


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of what Windows lacks."""
    left_out = [item for item in items if item.get_closest_marker("posix")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
