"""The server itself, passwords, second factors and keys."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..._auth.two_factor import offer_qr
from ..._http.context import UNSIGNED, SendOptions
from ..._http.request import without_none
from ..._http.secrets import secret, secret_bytes
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
    """The server itself, and how to get or change what one logs in with."""

    async def get_server_version(self, attempts_on_timeout: int | None = None) -> Version:
        """Ask which version the server is.

        Parameters
        ----------
        attempts_on_timeout : int, optional
            How often to try again when no connection can be made; by default three times.

        Returns
        -------
        Version
            Its version in ``["version"]``.

        Raises
        ------
        ConnectionFailedError
            When the server cannot be reached.

        Examples
        --------
        >>> await client.util.get_server_version()
        {'version': '4.15.2'}
        """
        return await self._core.send(
            self._server.get_version(), SendOptions(max_retries=attempts_on_timeout)
        )

    async def get_server_health(self) -> Health:
        """Ask whether the server's parts work.

        Returns
        -------
        Health
            For each part, whether it works.

        Raises
        ------
        ConnectionFailedError
            When the server cannot be reached.

        Examples
        --------
        >>> await client.util.get_server_health()
        {'database': True}
        """
        return await self._core.send(self._server.get_health())

    async def change_my_password(
        self,
        current_password: str,
        new_password: str,
    ) -> Message:
        """Change your password.

        Parameters
        ----------
        current_password : str
            The password that you have.
        new_password : str
            The one you want: at least 8 characters, with small and capital letters, a digit and
            another sign.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        BadRequestError
            When the new one is too simple, or the same.
        PermissionDeniedError
            When the current one is wrong.

        Examples
        --------
        >>> answer = await client.util.change_my_password("Analytical-1843", "new-Secret-2")
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
        self,
        email: str | None = None,
        username: str | None = None,
    ) -> Message:
        """Ask for a mail with a token to set a new password; needs no login.

        Parameters
        ----------
        email, username : str, optional
            The account, by either; one of them is needed.

        Returns
        -------
        Message
            What the server says; it is the same for accounts that do not exist, and for those that
            get no mail now: servers of 4.10 and later send an account this mail once.

        Raises
        ------
        InvalidInputError
            When neither is given; nothing was sent.
        BadRequestError
            When that is no mail address.

        Examples
        --------
        >>> answer = await client.util.reset_my_password(email="ada@example.org")
        """
        if not (email or username):
            raise InvalidInputError("say whose password is lost: give email or username")
        body: RecoverPasswordInput = without_none(email=email, username=username)
        return await self._send_message(self._server.recover_password(body), UNSIGNED)

    async def set_my_password(
        self,
        token: str,
        password: str,
    ) -> Message:
        """Set a new password with the token that came by mail; needs no login.

        Parameters
        ----------
        token : str
            The token from the mail.
        password : str
            The new password: at least 8 characters, with small and capital letters, a digit and
            another sign.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        BadRequestError
            When the token is not valid, or the password too simple.
        LoginFailedError
            When the token has expired.

        Examples
        --------
        >>> answer = await client.util.set_my_password(token, "new-Secret-2")
        """
        token, password = secret(token, "token"), secret(password, "password")
        body: ResetPasswordInput = {"reset_token": token, "password": password}
        self._core.warn_if_insecure()
        return await self._use_mail_token(self._server.reset_password(body))

    async def reset_two_factor_auth(
        self,
        password: str,
        email: str | None = None,
        username: str | None = None,
    ) -> Message:
        """Ask for a mail with a token to set up a second factor anew; needs no login.

        Parameters
        ----------
        password : str
            Your password.
        email : str, optional
            Not enough: the server knows you by your username here.
        username : str, optional
            Your username; it is needed.

        Returns
        -------
        Message
            What the server did, in ``["msg"]``.

        Raises
        ------
        InvalidInputError
            When no username is given; nothing was sent.
        LoginFailedError
            When username or password is wrong.
        BadRequestError
            When the server cannot send mail.

        Examples
        --------
        >>> answer = await client.util.reset_two_factor_auth("Analytical-1843", username="ada")
        """
        password = secret(password, "password")
        if not username:
            raise InvalidInputError("give the username: the server finds nobody by mail address")
        body: RecoverTwoFactorInput = {"username": username, "password": password}
        self._core.warn_if_insecure()
        call = self._server.recover_two_factor(body)
        return await self._send_message(call, SendOptions(signed=False, refused=LoginFailedError))

    async def set_two_factor_auth(
        self,
        token: str,
    ) -> TwoFactorSecret:
        """Set up a second factor anew with the token that came by mail; needs no login.

        In a notebook or a terminal its QR code is shown at once, for an authenticator app.

        Parameters
        ----------
        token : str
            The token from the mail.

        Returns
        -------
        TwoFactorSecret
            The new secret; ``show_qr`` of this package shows its ``["qr_uri"]`` again.

        Raises
        ------
        BadRequestError
            When the token is not valid.
        LoginFailedError
            When the token has expired.

        Examples
        --------
        >>> secret = await client.util.set_two_factor_auth(token)
        """
        token = secret(token, "token")
        self._core.warn_if_insecure()
        found = await self._use_mail_token(self._server.reset_two_factor({"reset_token": token}))
        offer_qr(found["qr_uri"])
        return found

    async def _use_mail_token(self, call: Call[T]) -> T:
        """Send what a token from a mail gives the right to."""
        try:
            return await self._core.send(call, UNSIGNED)
        except LoginExpiredError as error:  # no login is concerned, but that token
            raise LoginFailedError(
                "the token of the mail is not valid any more: ask for another mail",
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
        """Make a private key for your organization, and go on with it as ``setup_encryption`` does.

        It is an RSA key of 4096 bits.

        Parameters
        ----------
        file_ : str or path, optional
            The new file for the key, ``private_key.pem`` in the current folder by default. Only you
            can read it; keep a copy in a safe place.
        passphrase : str or bytes, optional
            Encrypts the file; ``setup_encryption`` needs it again.
        replace : bool
            Whether to replace the public key that the server has. What is encrypted for that one is
            then out of reach for all who lack its private key.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        NotAuthenticatedError
            When nobody is logged in yet.
        FileExistsError
            When there is such a file already: no key is ever overwritten.
        KeyMismatchError
            When the server has a public key of your organization already and `replace` is not
            given; no file is left behind.
        PermissionDeniedError
            When you may not store the public key; no file is left behind.

        Examples
        --------
        >>> file = await client.util.generate_private_key("private_key.pem")
        """
        from ..._encryption.key_files import key_file_exists_error, write_private_key
        from ..._encryption.keys import generate_private_key, private_key_to_pem

        passphrase = secret_bytes(passphrase)
        _ = self._core.whoami  # an error before anything is written
        path = Path(file_ or "private_key.pem").absolute()
        if path.exists():  # an error before a key is made, which takes a second or two
            raise key_file_exists_error(path)
        key = await run_in_thread(generate_private_key)
        write_private_key(path, private_key_to_pem(key, passphrase))
        try:
            await self._core.use_key(key, "a new key", replace=replace)
        except (KeyMismatchError, UnauthorizedError):
            path.unlink()  # for sure the server does not have the public key
            raise
        LOGGER.info("Wrote the private key to %s", path)
        return path
