"""Write private files atomically, under a lock."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from .._utils.warnings import warn
from ..errors import ConfigurationError

LOCK_SECONDS = 30.0


def check_replaceable(path: Path) -> None:
    """Reject a path where no file can be put, before anything is done for it."""
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no file that can be replaced"
        raise FileExistsError(errno.EEXIST, f"it is {kind}: name a file", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))


@contextmanager
def atomic_write(path: Path) -> Generator[BinaryIO]:
    """Write a file that only its owner can read, in place of one that may be there."""
    # Whoever reads the file meanwhile sees the old one; it stays if the block raises.
    check_replaceable(path)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def file_lock(path: Path) -> Generator[None]:
    """Keep other processes from changing a file meanwhile; its folder is made if need be."""
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            held.enter_context(FileLock(f"{path}.lock", timeout=LOCK_SECONDS, mode=0o600))
        except Timeout:
            raise ConfigurationError(
                f"{path} has been locked by another process for {LOCK_SECONDS:.0f} s"
            ) from None
        yield


def read_text(path: Path) -> str:
    """Read a text file."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None


def warn_if_shared(descriptor: int, what: str) -> None:
    """Warn when others on this machine can read what is its owner's alone."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    # Windows has no such bits, and makes some up.
    if os.name == "posix" and mode & 0o077:
        warn(
            f"others on this machine may use {what}: its permissions are {mode:04o}; "
            "chmod 600 makes it yours alone"
        )
