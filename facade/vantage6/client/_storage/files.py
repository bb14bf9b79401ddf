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
    """Check that a file can be written to a path, before work is done for it."""
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a special file that cannot be replaced"
        raise FileExistsError(errno.EEXIST, f"expected a regular file, got {kind}", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(path.parent))


@contextmanager
def atomic_write(path: Path) -> Generator[BinaryIO]:
    """Write a file that only its owner can read; replace an old one at the end of the block."""
    # Until then, readers see the old file; it stays if the block raises.
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
def file_lock(path: Path, seconds: float = LOCK_SECONDS) -> Generator[None]:
    """Lock a file against changes by other processes; create its folder if necessary."""
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(f"{path}.lock", timeout=seconds, mode=0o600))
        except Timeout:
            raise ConfigurationError(
                f"{path}: locked by another process for more than {seconds:.0f} s"
            ) from None
        yield


def read_text(path: Path) -> str:
    """Read a text file; return an empty text if there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None


def warn_if_shared(descriptor: int, subject: str) -> None:
    """Warn if the permissions of a private file include other users of this machine."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    # Windows has no such permission bits, but reports some.
    if os.name == "posix" and mode & 0o077:
        warn(
            f"{subject}: expected permissions 0600, got {mode:04o}. Other users of this machine "
            "may use it. Run chmod 600 on the file."
        )
