"""Read and write private files, atomically and under a lock."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from vantage6.bindings.secret import hide_keys

from ..errors import (
    ConfigurationError,
    ExistingFileError,
    FileAccessError,
    InvalidInputError,
    MissingFileError,
    Vantage6Error,
)
from .permissions import check_access

LOCK_SECONDS = 30.0


def file_path(value: object, argument: str) -> Path:
    """Return the path that an argument names, with the home folder in place of "~"."""
    text = value
    with suppress(TypeError):
        text = os.fspath(value)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    if not isinstance(text, str):
        raise InvalidInputError(f"{argument}: expected a path, got {type(value).__name__}")
    if hide_keys(text) != text:
        raise InvalidInputError(f"{argument}: expected a path, got the text of a private key")
    if not text.strip() or "\0" in text:
        raise InvalidInputError(f"{argument}: expected a path, got {text!r}")
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no home folder is known
        return Path(text)


@contextmanager
def file_errors(path: Path, subject: str) -> Generator[None]:
    """Raise errors of the system as those of this package, with the path."""
    try:
        yield
    except Vantage6Error:  # some of these are an OSError, too, such as a timeout
        raise
    except OSError as error:
        kind = FileAccessError
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            kind = MissingFileError
        elif isinstance(error, FileExistsError):
            kind = ExistingFileError
        reason = error.strerror or str(error)
        raise kind(
            f"{subject} {path}: {reason}", errno=error.errno, strerror=reason, filename=str(path)
        ) from None


def check_replaceable(path: Path) -> None:
    """Check that a file can be written to a path, before work is done for it."""
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "a special file that cannot be replaced"
        reason = f"expected a regular file, got {kind}"
        raise ExistingFileError(
            f"{path}: {reason}", errno=errno.EEXIST, strerror=reason, filename=str(path)
        )
    if not path.parent.is_dir():
        reason, folder = "no such folder", str(path.parent)
        raise MissingFileError(
            f"{folder}: {reason}", errno=errno.ENOENT, strerror=reason, filename=folder
        )


@contextmanager
def atomic_write(path: Path) -> Generator[BinaryIO]:
    """Write a file that only its owner can read; replace an old one at the end of the block."""
    # Until then, readers see the old file; it stays if the block raises.
    import tempfile  # slow to load

    check_replaceable(path)
    with file_errors(path, "writing"):
        # The path may be as long as the system permits, so the other name is short.
        import tempfile  # slow to import

        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


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
