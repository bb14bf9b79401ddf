"""Read and write private key files."""

from __future__ import annotations

from pathlib import Path

from vantage6.bindings.secret import SecretBytes

from .._storage.files import check_access, write_new


def write_private_key(path: Path, pem: bytes) -> None:
    """Write a private key to a new file that only its owner can read."""
    try:
        write_new(path, pem)
    except FileExistsError:
        raise key_file_exists_error(path) from None


def key_file_exists_error(path: Path) -> FileExistsError:
    """Create the error for a key file that exists already."""
    return FileExistsError(
        f"{path}: expected a new file, got an existing one. A key is never overwritten: choose "
        "another name."
    )


def read_private_key(path: Path) -> bytes:
    """Read a key file; warn if other users can read it, refuse it if they can write it."""
    check_access(path, f"the private key {path}", is_secret=True)
    return SecretBytes(path.read_bytes())
