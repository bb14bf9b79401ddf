"""client.saved_login: save a login for later use."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .._http.secrets import secret
from .._storage.files import file_path
from ..errors import NotAuthenticatedError
from .keyring import delete_password, store_password
from .saved_login import (
    Account,
    StoredLogin,
    delete_login,
    find_login,
    logins_folder,
    saved_logins,
    write_login,
)
from .shared import SavedTokens

if TYPE_CHECKING:
    from os import PathLike

    from .bearer import BearerAuth
    from .realm import Realm


class LoginState(Protocol):
    """The mutable part of a login; see `State`."""

    username: str | None


class Login(Protocol):
    """The login of a client; see `Core`."""

    url: str
    realm: Realm | None

    @property
    def auth(self) -> BearerAuth: ...

    @property
    def state(self) -> LoginState: ...


def save_login(login: Login, path: Path | None = None) -> Path:
    """Save a login, and save its renewed tokens from now on."""
    tokens = login.auth.tokens
    if tokens is None or login.state.username is None:
        raise NotAuthenticatedError()
    account = Account(login.url, login.state.username, login.realm)
    file = path or logins_folder() / account.file_name
    write_login(StoredLogin.of(account, tokens, time.monotonic(), time.time()), file)
    login.auth.saved = SavedTokens(file, account)
    return file


class SavedLogin:
    """The login of a client, which can be saved for another program or a later day.

    The file contains the tokens of the login and never a password or a key. Only its owner can
    read it. The tokens are as good as a login as long as the server accepts them: 48 hours after
    the last renewal, unless the server is configured otherwise.

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
        """The file that the login is saved in; None if it is not saved."""
        saved = self._login.auth.saved
        return saved.path if saved else None

    def save(self, path: str | PathLike[str] | None = None) -> Path:
        """Save the login to a file; from now on, renewed tokens are saved there too.

        Parameters
        ----------
        path : str or path, optional
            The file; an existing file is replaced. The default is a file for this server and user
            in the folder ``vantage6/sessions`` of your state files, where
            ``Client.from_saved_login()``, ``from_profile`` and ``from_env`` look for it.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.
        ConfigurationError
            If the file cannot be written.

        Examples
        --------
        >>> client.saved_login.save("login.json")
        PosixPath('login.json')
        """
        return save_login(self._login, None if path is None else file_path(path, "path"))

    def forget(self) -> bool:
        """Delete the file that the login is saved in; the client itself stays logged in.

        Other programs that use the file do not write it again.
        If the client is not logged in, this deletes the only saved login for the server.

        Returns
        -------
        bool
            Whether there was a file.

        Raises
        ------
        ConfigurationError
            If the client is not logged in and logins of several users are saved.

        Examples
        --------
        >>> client.saved_login.forget()
        True
        """
        login = self._login
        path, login.auth.saved = self.path, None
        if path is None:
            found = find_login(saved_logins(), login.url, login.state.username)
            path = found[0] if found else None
        return path is not None and delete_login(path)

    def remember_password(self, password: str) -> None:
        """Store the user's password in the system keyring for later logins.

        ``from_env``, ``from_profile`` and ``from_saved_login`` look for it there. The password is
        not verified.

        Parameters
        ----------
        password : str
            The password.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.
        MissingDependencyError
            If the extra ``keyring`` is not installed.
        ConfigurationError
            If this system has no keyring, or the keyring cannot be opened.

        Examples
        --------
        >>> client.saved_login.remember_password("password")
        """
        password = secret(password, "password")
        store_password(self._login.url, self._username(), password)

    def forget_password(self) -> bool:
        """Delete the user's password from the system keyring.

        Returns
        -------
        bool
            Whether there was a password.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.
        MissingDependencyError
            If the extra ``keyring`` is not installed.
        ConfigurationError
            If this system has no keyring, or the keyring cannot be opened.

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
