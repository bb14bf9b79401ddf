"""Files that are written as a whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def check_replaceable(path: Path) -> None:
    """Refuse a path where there is something else than a file.

    Parameters
    ----------
    path : Path
        Where a file is to be written.

    Raises
    ------
    FileExistsError
        When there is a folder, a pipe or a device.
    """
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no file that can be replaced"
        raise FileExistsError(errno.EEXIST, f"it is {kind}: name a file", str(path))


@contextmanager
def replacing(path: Path) -> Generator[BinaryIO]:
    """Write a file that only its owner can read, in place of one that may be there.

    Whoever reads the file meanwhile sees the old one; it stays if the block raises.

    Parameters
    ----------
    path : Path
        The file.

    Yields
    ------
    BinaryIO
        What to write to.

    Raises
    ------
    FileExistsError
        When there is something else than a file.
    """
    check_replaceable(path)  # before anything is fetched for it
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
