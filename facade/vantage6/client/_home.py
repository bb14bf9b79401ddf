"""The user's own files: the profiles, and the logins that are kept."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from vantage6.bindings.secret import SecretBytes

from ._files import locked, replacing, text_of, warn_if_shared
from ._profiles import Profile, choose_profile, read_profiles, with_profile
from ._saved import Saved, read_saved
from ._settings import LOGGER
from .errors import ConfigurationError

PROFILES_VARIABLE = "VANTAGE6_PROFILES"
PROFILE_VARIABLE = "VANTAGE6_PROFILE"


# ---- profiles ------------------------------------------------------------------------------------


def profiles_path() -> Path:
    """Give the profile file: that of the environment, or else the user's own.

    Returns
    -------
    Path
        The file, whether it is there or not.
    """
    if chosen := os.environ.get(PROFILES_VARIABLE):
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("vantage6", appauthor=False) / "profiles.ini"


def profiles() -> dict[str, Profile]:
    """Read the profiles that there are.

    Returns
    -------
    dict of str to Profile
        The profiles by their names; empty if there is no profile file.

    Raises
    ------
    ConfigurationError
        When the profile file cannot be read, or holds what does not belong there.

    Examples
    --------
    >>> from vantage6.client import profiles
    >>> for profile in profiles().values():
    ...     print(profile.name, profile.server, profile.username)
    demo https://server.example/api ada
    """
    path = profiles_path()
    return read_profiles(text_of(path), path)


def profile_named(name: str | None) -> Profile:
    """Find a profile.

    Parameters
    ----------
    name : str or None
        Its name; None for that of the environment, the only one, or ``default``.

    Returns
    -------
    Profile
        The profile.
    """
    return choose_profile(
        profiles(), name, profiles_path(), os.environ.get(PROFILE_VARIABLE) or None
    )


def save_profile(profile: Profile) -> Path:
    """Write a profile into the profile file, in place of one of the same name.

    Parameters
    ----------
    profile : Profile
        The profile.

    Returns
    -------
    Path
        The profile file.

    Raises
    ------
    ConfigurationError
        When it cannot be written.
    """
    path = profiles_path().resolve()  # what a link points to is to be replaced, not the link
    try:
        with locked(path):
            text = with_profile(text_of(path), profile, path)
            with replacing(path) as file:
                file.write(text.encode())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None
    return path


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


def write_login(saved: Saved, path: Path) -> None:
    """Write a login to a file that only its owner can read; a link there is replaced.

    Parameters
    ----------
    saved : Saved
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
        with replacing(path) as file:
            file.write(saved.written())
    except OSError as error:
        raise ConfigurationError(f"the login cannot be saved in {path}: {error.strerror}") from None


def read_login(path: Path) -> Saved:
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
        return read_saved(SecretBytes(file.read()), path)


def saved_logins() -> Iterator[tuple[Path, Saved]]:
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
