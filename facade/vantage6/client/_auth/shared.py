"""Tokens that several processes share: in a saved login, or with forked children.

Some servers accept a refresh token only once. One process therefore renews for all of them, under a
lock, and the others take over the new tokens.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, suppress
from mmap import mmap
from typing import TYPE_CHECKING, Protocol
from weakref import finalize

from vantage6.bindings.secret import Secret, SecretBytes

from .._storage.files import file_lock
from .._utils.logging import LOGGER
from ..errors import ConfigurationError
from .saved_login import Account, StoredLogin, read_login, write_login
from .tokens import Tokens

if TYPE_CHECKING:
    from pathlib import Path

MEMORY_BYTES = 1 << 17


class SharedTokens(Protocol):
    """Tokens that other processes can read and replace; both happen under the lock."""

    def try_lock(self) -> bool:
        """Return whether the lock was acquired; no other process renews until it is released."""
        ...

    def unlock(self) -> None: ...

    def read(self) -> Tokens | None: ...

    def write(self, tokens: Tokens) -> bool:
        """Return whether the tokens are still shared here."""
        ...


class SavedTokens:
    """Tokens in the file of a saved login, for all programs that use it."""

    def __init__(self, path: Path, account: Account) -> None:
        self.path = path
        self._account = account
        self._lock = ExitStack()

    def try_lock(self) -> bool:
        if not self.path.exists():
            return True
        # A second lock: the file's own is held for moments only, as `forget` needs it at once.
        renewal = self.path.with_name(f"{self.path.name}.renewal")
        try:
            self._lock.enter_context(file_lock(renewal, seconds=0))
        except ConfigurationError:
            return False
        except (OSError, NotImplementedError) as error:  # such as a folder that cannot be written
            LOGGER.debug("Cannot lock %s: %s", renewal, error)
        return True

    def unlock(self) -> None:
        self._lock.close()

    def read(self) -> Tokens | None:
        saved = self._read()
        return saved.tokens(time.monotonic(), time.time()) if saved else None

    def write(self, tokens: Tokens) -> bool:
        """Replace the tokens, unless the file was deleted: a logout elsewhere is final."""
        clock, now = time.monotonic(), time.time()
        try:
            if self.path.exists():
                with file_lock(self.path):
                    if self._read():
                        login = StoredLogin.of(self._account, tokens, clock, now)
                        write_login(login, self.path)
                        return True
        except (ConfigurationError, OSError) as error:
            LOGGER.warning("%s", error)
            return True  # the next renewal may succeed
        LOGGER.info("The login in %s was deleted or replaced: it is no longer renewed", self.path)
        return False

    def _read(self) -> StoredLogin | None:
        """Read the file; return None if it has no login of this user at this server."""
        if not self.path.exists():
            return None
        try:
            saved = read_login(self.path)
        except ConfigurationError as error:
            LOGGER.warning("%s", error)
            return None
        return saved if saved.is_login_of(self._account) else None


class ForkedTokens:
    """Tokens in memory that a process shares with its forked children."""

    def __init__(self) -> None:
        from tempfile import TemporaryFile  # slow to load

        self._memory = mmap(-1, MEMORY_BYTES)
        # An empty file without a name. Its lock ends with the process that holds it.

        self._file = TemporaryFile()  # noqa: SIM115 - it stays open as long as this object
        finalize(self, self._file.close)

    @classmethod
    def create(cls) -> ForkedTokens | None:
        """Create the memory; None on a system that does not fork, or without temporary files."""
        with suppress(OSError):
            return cls() if hasattr(os, "fork") else None
        return None

    def try_lock(self) -> bool:
        import fcntl

        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def unlock(self) -> None:
        import fcntl

        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def read(self) -> Tokens | None:
        self._memory.seek(0)
        content = SecretBytes(self._memory.readline())
        if not content.strip(b"\0"):
            return None
        with suppress(ValueError):  # a process was killed while it wrote
            access, refresh, *times = json.loads(content)
            return Tokens(Secret(access), Secret(refresh), *times)
        return None

    def write(self, tokens: Tokens) -> bool:
        times = tokens.renew_at, tokens.may_renew_at, tokens.date_offset
        content = SecretBytes(json.dumps([tokens.access, tokens.refresh, *times]).encode() + b"\n")
        if len(content) > MEMORY_BYTES:
            return False
        self._memory.seek(0)
        self._memory.write(content)
        return True
