"""Read and write private key files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeAlias

from vantage6.bindings.secret import Secret, SecretBytes, hide_keys

from .._storage.files import file_errors, file_path
from .._storage.permissions import check_access
from ..errors import DecryptionError, ExistingFileError
from .base64 import decode

# The path of a key file, or the text of a key.
KeySource: TypeAlias = Path | Secret
MAX_PATH_CHARS = 1000
ONE_LINE = re.compile(r"(-----BEGIN [A-Z ]+-----)(.*?)(-----END [A-Z ]+-----)")


def key_source(value: object, argument: str) -> KeySource:
    """Return the path of a key file; text that is no path is that of a key, and is never shown."""
    if isinstance(value, str):
        has_lines = "\n" in value.strip() or len(value) > MAX_PATH_CHARS
        if has_lines or hide_keys(value) != value:
            return Secret(value)
    return file_path(value, argument)


def write_private_key(path: Path, pem: bytes) -> None:
    """Write a private key to a new file that only its owner can read."""
    with file_errors(path, "private key"):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise key_file_exists_error(path) from None
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(descriptor)  # the server is about to receive the public key
        except BaseException:  # a partial key is useless, and would block a retry
            path.unlink()
            raise


def key_file_exists_error(path: Path) -> ExistingFileError:
    """Create the error for a key file that exists already."""
    return ExistingFileError(
        f"{path}: expected a new file, got an existing one. A key is never overwritten: choose "
        "another name.",
        filename=str(path),
    )


def read_private_key(source: KeySource) -> bytes:
    """Read a key file; warn if other users can read it, refuse it if they can write it."""
    if isinstance(source, Secret):
        return SecretBytes(_with_lines(source).encode())
    check_access(source, f"the private key {source}", is_secret=True)
    with file_errors(source, "private key"):
        return SecretBytes(source.read_bytes())


def _with_lines(text: Secret) -> Secret:
    """Restore the lines of a key, which environment variables often lack, or decode base64."""
    if "-----BEGIN" not in text:
        try:
            text = Secret(decode("".join(text.split())).decode("ascii"))
        except (DecryptionError, UnicodeDecodeError):
            return text
    text = Secret(text.strip().replace("\\n", "\n"))
    if found := ONE_LINE.fullmatch(text):
        head, body, tail = map(Secret, found.groups())
        text = Secret("\n".join((head, *body.split(), tail)))
    return Secret(f"{text}\n")
