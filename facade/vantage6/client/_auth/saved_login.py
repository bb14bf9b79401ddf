"""Saved logins: the content of their files, and reading, writing and finding them."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from vantage6.bindings.secret import Secret, SecretBytes, conceal

from .._storage.files import atomic_write, warn_if_shared
from .._utils.logging import LOGGER
from .._utils.urls import canonical_url
from ..errors import ConfigurationError
from .tokens import Tokens, claims

FORMAT = 1


@dataclass(frozen=True)
class StoredLogin:
    """A login as it is kept in a file.

    Attributes
    ----------
    server : str
        The address of the API.
    username : str
        The account.
    access_token, refresh_token : str
        The tokens.
    saved_at : float
        When they were saved, in seconds since 1970.
    renew_in : float or None
        How many seconds later the access token is due to be renewed; None for never.
    """

    server: str
    username: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    saved_at: float
    renew_in: float | None

    @classmethod
    def of(cls, url: str, username: str, tokens: Tokens, clock: float, now: float) -> StoredLogin:
        """Take from a login what is to be kept.

        Parameters
        ----------
        url : str
            The address of the API.
        username : str
            The account.
        tokens : Tokens
            The tokens.
        clock : float
            The time on the clock of the tokens, which ends with the program.
        now : float
            The time, in seconds since 1970.

        Returns
        -------
        Saved
            The login.
        """
        left = tokens.renew_at - clock
        renew_in = None if left == float("inf") else left
        return cls(canonical_url(url), username, tokens.access, tokens.refresh, now, renew_in)

    def tokens(self, clock: float, now: float) -> Tokens:
        """Give the tokens, as they are now.

        Parameters
        ----------
        clock : float
            The time on the clock that the tokens are to go by.
        now : float
            The time, in seconds since 1970.

        Returns
        -------
        Tokens
            The tokens. Should this machine's clock have been set back since, they are due.
        """
        age = now - self.saved_at
        left = float("inf") if self.renew_in is None else self.renew_in - age
        return Tokens(
            Secret(self.access_token), Secret(self.refresh_token), clock + (left if age >= 0 else 0)
        )

    def is_of(self, url: str | None, username: str | None) -> bool:
        """Tell whether this is a login at a server, as a user; None stands for any.

        Parameters
        ----------
        url : str or None
            The address of the API.
        username : str or None
            The account.

        Returns
        -------
        bool
            Whether it is.
        """
        return (url is None or canonical_url(url) == self.server) and username in (
            None,
            self.username,
        )

    def written(self) -> bytes:
        """Give the content of the file.

        Returns
        -------
        bytes
            JSON.
        """
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()


def parse_login(content: bytes, source: Path) -> StoredLogin:
    """Read the content of a file that a login is kept in.

    Parameters
    ----------
    content : bytes
        What it says.
    source : Path
        Where it is.

    Returns
    -------
    Saved
        The login.

    Raises
    ------
    ConfigurationError
        When it is something else.
    """
    strings = ("server", "username", "access_token", "refresh_token")
    numbers = ("saved_at", "renew_in")
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        found = conceal(cast("dict[str, object]", json.loads(content)))
        is_known = found["format"] == FORMAT
        right = all(isinstance(found[name], str) for name in strings) and all(
            isinstance(found[name], int | float | None) for name in numbers
        )
        if is_known and right and found["saved_at"] is not None and _has_user(found):
            kept = {item.name: cast("Any", found[item.name]) for item in fields(StoredLogin)}
            return StoredLogin(**kept)
    # Not where that error is at hand, which has the tokens in it.
    raise ConfigurationError(
        f"{source} is not a saved login of this version: log in again, and save it again"
    )


def _has_user(found: dict[str, object]) -> bool:
    return isinstance(claims(str(found["access_token"])).get("sub"), int)


def login_file_name(url: str, username: str) -> str:
    """Name the file for the login of a user at a server.

    Parameters
    ----------
    url : str
        The address of the API.
    username : str
        The account.

    Returns
    -------
    str
        A name for people to recognize; what follows it tells the servers and users apart whose
        names are written alike.
    """
    name = canonical_url(url)
    plain = re.sub(r"[^\w.-]+", "_", f"{urlsplit(name).hostname}-{username}", flags=re.ASCII)[:80]
    # What a server calls a user may be no text that there is.
    exact = f"{name} {username}".encode(errors="surrogatepass")
    return f"{plain}-{sha256(exact).hexdigest()[:8]}.json"


def find_login(
    all_saved: Iterable[tuple[Path, StoredLogin]], url: str | None, username: str | None
) -> tuple[Path, StoredLogin] | None:
    """Find the saved login at a server, as a user; None stands for any.

    Parameters
    ----------
    all_saved : iterable of (Path, Saved)
        Those there are, with their files.
    url : str or None
        The address of the API.
    username : str or None
        The account.

    Returns
    -------
    (Path, Saved) or None
        The login and its file; None if there is none.

    Raises
    ------
    ConfigurationError
        When there are several.
    """
    found = [(path, saved) for path, saved in all_saved if saved.is_of(url, username)]
    if len(found) > 1:
        several = ", ".join(f"{saved.username} at {saved.server} ({path})" for path, saved in found)
        raise ConfigurationError(f"several logins are saved, say whose is meant: {several}")
    return found[0] if found else None


def check_owner(saved: StoredLogin, source: Path, url: str | None, username: str | None) -> None:
    """Refuse a saved login of another server or user than is meant.

    Parameters
    ----------
    saved : StoredLogin
        The login.
    source : Path
        Its file.
    url : str or None
        The address of the API that is meant; None for any.
    username : str or None
        The account that is meant; None for any.

    Raises
    ------
    ConfigurationError
        When it is of another.
    """
    if not saved.is_of(url, username):
        meant = " at ".join(part for part in (username, url) if part)
        raise ConfigurationError(
            f"{source} is the login of {saved.username} at {saved.server}, not of {meant}"
        )


# ---- logins --------------------------------------------------------------------------------------


def logins_folder() -> Path:
    """Give the folder of the logins that are kept.

    Returns
    -------
    Path
        The folder, whether it is there or not.
    """
    from platformdirs import user_state_path

    return user_state_path("vantage6", appauthor=False) / "sessions"


def write_login(saved: StoredLogin, path: Path) -> None:
    """Write a login to a file that only its owner can read; a link there is replaced.

    Parameters
    ----------
    saved : StoredLogin
        The login.
    path : Path
        The file. The folder of all logins is made where it is missing, for its owner alone.

    Raises
    ------
    ConfigurationError
        When it cannot be written.
    """
    try:
        if path.parent == logins_folder():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.chmod(0o700)
        with atomic_write(path) as file:
            file.write(saved.written())
    except OSError as error:
        raise ConfigurationError(f"the login cannot be saved in {path}: {error.strerror}") from None


def read_login(path: Path) -> StoredLogin:
    """Read a login from a file, and warn when others can read it too.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Saved
        The login.

    Raises
    ------
    ConfigurationError
        When there is no such file, it cannot be read, is a link, or no saved login.
    """
    try:
        # No link is followed: whoever could put one there could slip in a login of their own. Nor
        # is one waited for who writes to a pipe.
        flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, os.O_RDONLY | flags)
    except OSError as error:
        what = "it is a link" if path.is_symlink() else error.strerror
        raise ConfigurationError(f"there is no saved login in {path}: {what}") from None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or (os.name == "posix" and facts.st_uid != os.geteuid()):
        os.close(descriptor)
        raise ConfigurationError(f"there is no saved login in {path}: it is no file of yours")
    with os.fdopen(descriptor, "rb") as file:
        warn_if_shared(descriptor, f"the login in {path}")
        return parse_login(SecretBytes(file.read()), path)


def saved_logins() -> Iterator[tuple[Path, StoredLogin]]:
    """Read the logins that are kept in their folder; a file that cannot be read is told of.

    Yields
    ------
    (Path, Saved)
        Each with its file.
    """
    for path in sorted(logins_folder().glob("*.json")):
        try:
            yield path, read_login(path)
        except ConfigurationError as error:
            LOGGER.warning("%s", error)


def delete_login(path: Path) -> bool:
    """Remove the file of a login.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        Whether there was one.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
