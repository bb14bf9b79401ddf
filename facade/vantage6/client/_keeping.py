"""Keeps a login for the next time: in a file for its tokens, in the keyring for its password."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ._home import delete_login, logins_folder, saved_logins, write_login
from ._passwords import drop_password, store_password
from ._saved import Saved, file_name, the_one
from ._secrets import secret
from ._settings import LOGGER
from .errors import ConfigurationError, NotAuthenticatedError

if TYPE_CHECKING:
    from os import PathLike

    from ._auth import BearerAuth


class LoginState(Protocol):
    """What changes of it; see `State`."""

    username: str | None
    kept: Path | None


class Login(Protocol):
    """What is known of a client's login; see `Session`."""

    auth: BearerAuth
    url: str

    @property
    def state(self) -> LoginState: ...


def keep(login: Login, path: Path | None = None) -> Path:
    """Keep a login for the next time, from now on.

    Parameters
    ----------
    login : Login
        The login.
    path : Path, optional
        The file; by default that of the server and user.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NotAuthenticatedError
        When nobody is logged in.
    ConfigurationError
        When the file cannot be written.
    """
    tokens = login.auth.tokens
    if tokens is None or login.state.username is None:
        raise NotAuthenticatedError()
    file = path or logins_folder() / file_name(login.url, login.state.username)
    saved = Saved.of(login.url, login.state.username, tokens, time.monotonic(), time.time())
    write_login(saved, file)
    login.state.kept = file
    return file


def keep_up(login: Login) -> None:
    """Write renewed tokens where the old ones were kept; should that fail, the work goes on.

    Parameters
    ----------
    login : Login
        The login.
    """
    try:
        keep(login, login.state.kept)
    except ConfigurationError as error:
        LOGGER.warning("%s", error)


class SavedLogin:
    """The login of a client, as it can be kept for another program or another day.

    What is kept are the tokens of the login, in a file that only its owner can read, and never a
    password or a key. They are worth a login for as long as the server takes them, 48 hours after
    the last renewal unless it is set up otherwise.

    Parameters
    ----------
    login : Login
        The login.
    """

    def __init__(self, login: Login) -> None:
        self._login = login

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in {str(self.path)!r}>" if self.path else "<not saved>"

    @property
    def path(self) -> Path | None:
        """The file that the login is kept in; None if it is not."""
        return self._login.state.kept

    def save(self, path: str | PathLike[str] | None = None) -> Path:
        """Keep the login: from now on each renewed token goes to the file, too.

        Parameters
        ----------
        path : str or path, optional
            The file, which is replaced if it is there. By default it is one of the server and the
            user in the folder ``vantage6/sessions`` of your state files, where
            ``Client.from_saved_login()``, ``from_profile`` and ``from_env`` look for it.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        NotAuthenticatedError
            When nobody is logged in yet.
        ConfigurationError
            When the file cannot be written.

        Examples
        --------
        >>> client.saved_login.save("login.json")
        PosixPath('login.json')
        """
        return keep(self._login, Path(path) if path else None)

    def forget(self) -> bool:
        """Remove the file that the login is kept in; the client itself stays logged in.

        Without a login, that of the only session which is saved for the server.

        Returns
        -------
        bool
            Whether there was one.

        Raises
        ------
        ConfigurationError
            When nobody is logged in, and the sessions of several users are saved.

        Examples
        --------
        >>> client.saved_login.forget()
        True
        """
        login = self._login
        path, login.state.kept = login.state.kept, None
        if path is None:
            found = the_one(saved_logins(), login.url, login.state.username)
            path = found[0] if found else None
        return path is not None and delete_login(path)

    def remember_password(self, password: str) -> None:
        """Put the password of the user into the system's keyring, for later logins.

        ``from_env``, ``from_profile`` and ``from_saved_login`` look for it there. It is not
        checked.

        Parameters
        ----------
        password : str
            The password.

        Raises
        ------
        NotAuthenticatedError
            When nobody is logged in yet.
        MissingDependencyError
            When the package lacks its extra ``keyring``.
        ConfigurationError
            When there is no keyring on this system, or it does not open.

        Examples
        --------
        >>> client.saved_login.remember_password("password")
        """
        password = secret(password, "password")
        store_password(self._login.url, self._username(), password)

    def forget_password(self) -> bool:
        """Take the password of the user out of the system's keyring.

        Returns
        -------
        bool
            Whether there was one.

        Raises
        ------
        NotAuthenticatedError
            When nobody is logged in yet.
        MissingDependencyError
            When the package lacks its extra ``keyring``.
        ConfigurationError
            When there is no keyring on this system, or it does not open.

        Examples
        --------
        >>> client.saved_login.forget_password()
        True
        """
        return drop_password(self._login.url, self._username())

    def _username(self) -> str:
        if self._login.state.username is None:
            raise NotAuthenticatedError()
        return self._login.state.username
