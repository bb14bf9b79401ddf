"""Key files: written for their owner alone, and never over another file."""

from __future__ import annotations

import os
from pathlib import Path


def write_private_key(path: Path, pem: bytes) -> None:
    """Write a private key to a new file that nobody else can read.

    Parameters
    ----------
    path : Path
        The file.
    pem : bytes
        The key.

    Raises
    ------
    FileExistsError
        When there is such a file already.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileExistsError(
            f"{path} is there already, and a key is never overwritten: choose another name"
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
