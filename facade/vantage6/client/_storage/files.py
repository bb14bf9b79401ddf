"""Write private files atomically, under a lock; check who else can change a file."""

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
    with _errors_named(path):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        with _removed_on_error(Path(name)), os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read."""
    with _errors_named(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with _removed_on_error(path), os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)


@contextmanager
def _removed_on_error(path: Path) -> Generator[None]:
    try:
        yield
    except BaseException:  # a partial file is useless, and a new one would block a retry
        path.unlink(missing_ok=True)
        raise


@contextmanager
def _errors_named(path: Path) -> Generator[None]:
    """Name the file in errors without one, as of a full disk, or with that of the temporary one."""
    try:
        yield
    except OSError as error:
        name = error.filename
        if error.errno is None or (name and not str(name).startswith(f"{path}.")):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from None


def create_private_folder(path: Path) -> None:
    """Create a folder, and each missing one above it, for its owner alone."""
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def file_lock(path: Path, seconds: float = LOCK_SECONDS) -> Generator[None]:
    """Lock a file against changes by other processes; create its folder if necessary."""
    from filelock import FileLock, Timeout

    create_private_folder(path.parent)
    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(f"{path}.lock", timeout=seconds, mode=0o600))
        except Timeout:
            raise ConfigurationError(
                f"{path}: locked by another process for more than {seconds:.0f} s"
            ) from None
        yield


def read_text(path: Path) -> str:
    """Read a text file that decides on trust; return an empty text if there is none."""
    check_access(path, str(path))
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None


def check_access(path: Path, subject: str, *, is_secret: bool = False) -> None:
    """Refuse a file that any user can change; warn if some others can, or can read a secret."""
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
        if place == path and is_secret and mode & 0o077:
            expected = "permissions 0600"
            hint = "Other users of this machine may use it. Run chmod 600 on the file."
            warn(f"{subject}: expected {expected}, got {mode:04o}. {hint}")
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
