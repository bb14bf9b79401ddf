"""client.saved_login: keep a login for another program or day."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .._http.secrets import secret
from .._utils.logging import LOGGER
from ..errors import ConfigurationError, NotAuthenticatedError
from .keyring import delete_password, store_password
from .saved_login import (
    StoredLogin,
    delete_login,
    find_login,
    login_file_name,
    logins_folder,
    saved_logins,
    write_login,
)

if TYPE_CHECKING:
    from os import PathLike

    from .bearer import BearerAuth


class LoginState(Protocol):
    """What changes of it; see `State`."""

    username: str | None
    saved_login_file: Path | None


class Login(Protocol):
    """What is known of a client's login; see `Core`."""

    auth: BearerAuth
    url: str

    @property
    def state(self) -> LoginState: ...


def save_login(login: Login, path: Path | None = None) -> Path:
    """Keep a login for the next time, from now on."""
    tokens = login.auth.tokens
    if tokens is None or login.state.username is None:
        raise NotAuthenticatedError()
    file = path or logins_folder() / login_file_name(login.url, login.state.username)
    saved = StoredLogin.of(login.url, login.state.username, tokens, time.monotonic(), time.time())
    write_login(saved, file)
    login.state.saved_login_file = file
    return file


def update_saved_login(login: Login) -> None:
    """Write renewed tokens where the old ones were kept; should that fail, the work goes on."""
    try:
        save_login(login, login.state.saved_login_file)
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
        return self._login.state.saved_login_file

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
        return save_login(self._login, Path(path) if path else None)

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
        path, login.state.saved_login_file = login.state.saved_login_file, None
        if path is None:
            found = find_login(saved_logins(), login.url, login.state.username)
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
        return delete_password(self._login.url, self._username())

    def _username(self) -> str:
        if self._login.state.username is None:
            raise NotAuthenticatedError()
        return self._login.state.username
