"""Read and write private key files."""

from __future__ import annotations

import os
from pathlib import Path

from vantage6.bindings.secret import SecretBytes

from .._storage.files import warn_if_shared

# ---- key files -----------------------------------------------------------------------------------


def write_private_key(path: Path, pem: bytes) -> None:
    """Write a private key to a new file that nobody else can read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise key_file_exists_error(path) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(descriptor)  # the server is about to be told of it
    except BaseException:  # a part of a key is worth nothing, and would be in the way
        path.unlink()
        raise


def key_file_exists_error(path: Path) -> FileExistsError:
    """Create the error that a key is not written over a file."""
    return FileExistsError(
        f"{path} is there already, and a key is never overwritten: choose another name"
    )


def read_private_key(path: Path) -> bytes:
    """Read a key file, and warn when others can read it too."""
    with path.open("rb") as file:
        warn_if_shared(file.fileno(), f"the private key {path}")
        return SecretBytes(file.read())
