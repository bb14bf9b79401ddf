"""The server's status, passwords, second factors and keys."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..._auth.two_factor import offer_qr
from ..._http.context import UNSIGNED, SendOptions
from ..._http.request import without_none
from ..._http.secrets import secret, secret_bytes
from ..._storage.files import file_path
from ..._utils.logging import LOGGER
from ..._utils.threads import run_in_thread
from ...errors import (
    InvalidInputError,
    KeyMismatchError,
    LoginExpiredError,
    LoginFailedError,
    UnauthorizedError,
)
from .base import Resource

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from ..._backend.rows import (
        ChangePasswordInput,
        Health,
        Message,
        RecoverPasswordInput,
        RecoverTwoFactorInput,
        ResetPasswordInput,
        TwoFactorSecret,
        Version,
    )

T = TypeVar("T")


class Utilities(Resource):
    """The server's version and health, and operations on passwords, second factors and keys."""

    async def get_server_version(self, attempts_on_timeout: int | None = None) -> Version:
        """Return the version of the server.

        Parameters
        ----------
        attempts_on_timeout : int, optional
            Number of retries if no connection can be established. By default, three.

        Returns
        -------
        Version
            The version, in ``["version"]``.

        Raises
        ------
        ConnectionFailedError
            If the server cannot be reached.

        Examples
        --------
        >>> await client.util.get_server_version()
        {'version': '4.15.2'}
        """
        return await self._core.send(
            self._server.get_version(), SendOptions(max_retries=attempts_on_timeout)
        )

    async def get_server_health(self) -> Health:
        """Return the health of the server's components.

        Returns
        -------
        Health
            Whether each component works.

        Raises
        ------
        ConnectionFailedError
            If the server cannot be reached.

        Examples
        --------
        >>> await client.util.get_server_health()
        {'database': True}
        """
        return await self._core.send(self._server.get_health())

    async def get_hq_version(self, attempts_on_timeout: int | None = None) -> Version:
        """Return the version of HQ; ``get_server_version`` by the name of version 5.

        Parameters
        ----------
        attempts_on_timeout : int, optional
            Number of retries if no connection can be established. By default, three.

        Returns
        -------
        Version
            The version, in ``["version"]``.

        Raises
        ------
        ConnectionFailedError
            If HQ cannot be reached.

        Examples
        --------
        >>> await client.util.get_hq_version()
        {'version': '...'}
        """
        return await self.get_server_version(attempts_on_timeout)

    async def get_hq_health(self, silent_on_connection_error: bool = False) -> Health:
        """Return the health of HQ's components; ``get_server_health`` by the name of version 5.

        Parameters
        ----------
        silent_on_connection_error : bool
            Accepted for scripts of version 5; a connection error is always raised and never logged.

        Returns
        -------
        Health
            Whether each component works.

        Raises
        ------
        ConnectionFailedError
            If HQ cannot be reached.

        Examples
        --------
        >>> await client.util.get_hq_health()
        {'database': True}
        """
        return await self.get_server_health()

    async def change_my_password(self, current_password: str, new_password: str) -> Message:
        """Change your password.

        Parameters
        ----------
        current_password : str
            Your current password.
        new_password : str
            Your new password: at least 8 characters, including lowercase and uppercase letters, a
            digit and a special character.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        BadRequestError
            If the new password is too simple, or the same as the current one.
        PermissionDeniedError
            If the current password is wrong.

        Examples
        --------
        >>> message = await client.util.change_my_password("Analytical-1843", "new-Secret-2")
        """
        current_password = secret(current_password, "current_password")
        new_password = secret(new_password, "new_password")
        body: ChangePasswordInput = {
            "current_password": current_password,
            "new_password": new_password,
        }
        self._core.warn_if_insecure()
        return await self._send_message(self._server.change_password(body))

    async def reset_my_password(
        self, email: str | None = None, username: str | None = None
    ) -> Message:
        """Request an email with a token to set a new password; no login is required.

        Parameters
        ----------
        email, username : str, optional
            Email address or username of the account; one of them is required.

        Returns
        -------
        Message
            The server's message. It is the same for accounts that do not exist and for accounts
            that receive no email now: servers of 4.10 and later send this email once per account.

        Raises
        ------
        InvalidInputError
            If neither is given; nothing is sent.
        BadRequestError
            If the email address is not valid.

        Examples
        --------
        >>> message = await client.util.reset_my_password(email="ada@example.org")
        """
        if not (email or username):
            raise InvalidInputError(
                "email or username: expected one of them, got neither. Pass the email address or "
                "the username of the account."
            )
        body: RecoverPasswordInput = without_none(email=email, username=username)
        return await self._send_message(self._server.recover_password(body), UNSIGNED)

    async def set_my_password(self, token: str, password: str) -> Message:
        """Set a new password with the token from the email; no login is required.

        Parameters
        ----------
        token : str
            Token from the email.
        password : str
            New password: at least 8 characters, including lowercase and uppercase letters, a digit
            and a special character.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        BadRequestError
            If the token is not valid, or the password is too simple.
        LoginFailedError
            If the token has expired.

        Examples
        --------
        >>> message = await client.util.set_my_password(token, "new-Secret-2")
        """
        token, password = secret(token, "token"), secret(password, "password")
        body: ResetPasswordInput = {"reset_token": token, "password": password}
        self._core.warn_if_insecure()
        return await self._send_with_email_token(self._server.reset_password(body))

    async def reset_two_factor_auth(
        self, password: str, email: str | None = None, username: str | None = None
    ) -> Message:
        """Request an email with a token to reset your second factor; no login is required.

        Parameters
        ----------
        password : str
            Your password.
        email : str, optional
            Not sufficient: for this request, the server identifies accounts by username only.
        username : str, optional
            Your username. Required.

        Returns
        -------
        Message
            The server's message, in ``["msg"]``.

        Raises
        ------
        InvalidInputError
            If no username is given; nothing is sent.
        LoginFailedError
            If the username or password is wrong.
        BadRequestError
            If the server cannot send email.

        Examples
        --------
        >>> message = await client.util.reset_two_factor_auth("Analytical-1843", username="ada")
        """
        password = secret(password, "password")
        if not username:
            raise InvalidInputError(
                f"username: expected a username, got {username!r}. For this request, the server "
                "identifies accounts by username only."
            )
        body: RecoverTwoFactorInput = {"username": username, "password": password}
        self._core.warn_if_insecure()
        call = self._server.recover_two_factor(body)
        return await self._send_message(call, SendOptions(signed=False, refused=LoginFailedError))

    async def set_two_factor_auth(self, token: str) -> TwoFactorSecret:
        """Reset your second factor with the token from the email; no login is required.

        In a notebook or a terminal, its QR code is shown immediately, for an authenticator app.

        Parameters
        ----------
        token : str
            Token from the email.

        Returns
        -------
        TwoFactorSecret
            The new secret. Pass its ``["qr_uri"]`` to this package's ``show_qr`` to show the QR
            code again.

        Raises
        ------
        BadRequestError
            If the token is not valid.
        LoginFailedError
            If the token has expired.

        Examples
        --------
        >>> secret = await client.util.set_two_factor_auth(token)
        """
        token = secret(token, "token")
        self._core.warn_if_insecure()
        two_factor = await self._send_with_email_token(
            self._server.reset_two_factor({"reset_token": token})
        )
        offer_qr(two_factor["qr_uri"])
        return two_factor

    async def _send_with_email_token(self, call: Call[T]) -> T:
        """Send a request that is authorized by the token from an email."""
        try:
            return await self._core.send(call, UNSIGNED)
        except LoginExpiredError as error:  # the expired token is the one from the email
            raise LoginFailedError(
                "token: expected the token of a recent email, got an expired one. Request another "
                "email.",
                method=error.method,
                url=error.url,
                status=error.status,
                body=error.body,
            ) from None

    async def generate_private_key(
        self,
        file_: str | PathLike[str] | None = None,
        *,
        passphrase: str | bytes | None = None,
        replace: bool = False,
    ) -> Path:
        """Create a private key for your organization, and use it as ``setup_encryption`` does.

        The key is an RSA key of 4096 bits.

        Parameters
        ----------
        file_ : str or path, optional
            Path of the new key file. By default, ``private_key.pem`` in the current folder. Only
            you can read the file; keep a copy in a safe place.
        passphrase : str or bytes, optional
            Passphrase to encrypt the file with; ``setup_encryption`` then requires it.
        replace : bool
            Whether to replace the public key on the server. Data encrypted for the replaced key is
            then unreadable without its private key.

        Returns
        -------
        Path
            Path of the file.

        Raises
        ------
        NotAuthenticatedError
            If you are not logged in.
        ExistingFileError
            If the file already exists; keys are never overwritten.
        MissingFileError, FileAccessError
            If the folder does not exist, or the file cannot be written.
        KeyMismatchError
            If the server already has a public key of your organization and `replace` is false; no
            file is left behind.
        PermissionDeniedError
            If you do not have permission to store the public key; no file is left behind.

        Examples
        --------
        >>> file = await client.util.generate_private_key("private_key.pem")
        """
        from ..._encryption.key_files import key_file_exists_error, write_private_key
        from ..._encryption.keys import generate_private_key, private_key_to_pem

        passphrase = secret_bytes(passphrase)
        _ = self._core.whoami  # raises before anything is written
        file_ = "private_key.pem" if file_ is None else file_
        path = file_path(file_, "file_").absolute()
        if path.exists():  # checked before the key is generated, which takes a second or two
            raise key_file_exists_error(path)
        key = await run_in_thread(generate_private_key)
        write_private_key(path, private_key_to_pem(key, passphrase))
        try:
            await self._core.use_key(key, "a new key", replace=replace)
        except (KeyMismatchError, UnauthorizedError):
            path.unlink()  # the server certainly does not have the public key
            raise
        LOGGER.info("Wrote the private key to %s", path)
        return path
