"""The errors that this package raises: one tree, with the request and the response in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vantage6.bindings.secret import NAMES, hide_keys

from ._utils.text import sanitize, sanitize_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Protocol, SupportsIndex

    from vantage6.bindings.server.rows import Result, Run

    class Finished(Protocol):
        """A task that has ended, as `vantage6.client.Finished` has it."""

        @property
        def task_id(self) -> int:
            """Identifier of the task."""
            ...

        @property
        def status(self) -> str:
            """Final status of the task."""
            ...

        @property
        def results(self) -> TaskResults:
            """Result rows of the task."""
            ...

        @property
        def error(self) -> Vantage6Error | None:
            """What went wrong with the task, if anything."""
            ...

    class TaskResults(Protocol):
        """The result rows of a task, as `ResultRows` has them."""

        def __len__(self) -> int: ...
        def __getitem__(self, key: SupportsIndex, /) -> Result: ...
        def __iter__(self) -> Iterator[Result]: ...
        @property
        def outputs(self) -> list[Any]:
            """Output of the algorithm in each run; None for a run without a result."""
            ...

        @property
        def by_organization(self) -> dict[str, Any]:
            """Output of the algorithm in each run, by the name of the organization."""
            ...


class Vantage6Error(Exception):
    """Base class of every error that this package raises deliberately."""

    def __init__(self, *args: object) -> None:
        # A message may quote a value, and any value may be the text of a key by mistake.
        super().__init__(*(hide_keys(arg) if isinstance(arg, str) else arg for arg in args))

    def __str__(self) -> str:
        # Messages can contain text from the server and names chosen by other users: a line break in
        # them must not begin a line.
        return sanitize(super().__str__())

    def __reduce__(self) -> tuple[object, ...]:
        # The default calls the class with the message alone; the classes below require more.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    cls: type[Vantage6Error], args: tuple[object, ...], state: dict[str, object]
) -> Vantage6Error:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


# ---- before anything is sent --------------------------------------------------------------------


class ConfigurationError(Vantage6Error, ValueError):
    """Invalid argument of the client itself: its address, timeouts or log level."""


class CredentialsNotFoundError(ConfigurationError):
    """Login that requires a password or a saved login, but neither was found."""


class InvalidInputError(Vantage6Error, ValueError):
    """Invalid argument of a call; nothing was sent."""


class FileAccessError(Vantage6Error, OSError):
    """File that cannot be read or written: its folder, its permissions or its disk are wrong.

    Attributes
    ----------
    errno : int
        Number of the operating system's error.
    strerror : str
        Text of the operating system's error.
    filename : str
        Path of the file.
    """

    def __init__(
        self,
        message: str,
        *,
        errno: int | None = None,
        strerror: str | None = None,
        filename: str | None = None,
    ) -> None:
        super().__init__(message)
        self.errno, self.strerror, self.filename = errno, strerror, filename

    def __str__(self) -> str:
        return sanitize(self.args[0])  # without the number

    def __reduce__(self) -> tuple[object, ...]:
        return _file_error, (type(self), self.args[0], self.errno, self.strerror, self.filename)


def _file_error(
    cls: type[FileAccessError],
    message: str,
    errno: int | None,
    strerror: str | None,
    filename: str | None,
) -> FileAccessError:
    return cls(message, errno=errno, strerror=strerror, filename=filename)


class MissingFileError(FileAccessError, FileNotFoundError):
    """File that does not exist, or whose folder does not."""


class ExistingFileError(FileAccessError, FileExistsError):
    """File that exists already and is not replaced, or a folder in its place."""


class ClientClosedError(Vantage6Error, RuntimeError):
    """Closed client: it was closed before the call or while the call waited. Create a new one."""

    def __init__(self) -> None:
        super().__init__("this client is closed. Create a new client and log in with it.")


class MissingDependencyError(Vantage6Error, ImportError):
    """Package that a call requires, but that is not installed.

    The message contains the command that installs it.
    """


class UnclearNameError(InvalidInputError, LookupError):
    """Name that does not identify exactly one object: see the subclasses. Nothing was changed.

    Attributes
    ----------
    kind : str
        Kind of object, such as ``"organization"``.
    name : str
        Name passed to the call.
    candidates : list of dict
        Rows of the objects that the name may refer to.
    """

    def __init__(
        self, message: str, *, kind: str, name: str, candidates: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = hide_keys(name)
        # Servers include the second factor in rows of users; candidates do not need it.
        self.candidates = [
            {field: value for field, value in row.items() if field not in NAMES}
            for row in candidates
        ]


class NameNotFoundError(UnclearNameError):
    """Unknown name: no object of this kind that you may see has it; the candidates are similar."""


class AmbiguousNameError(UnclearNameError):
    """Ambiguous name: several objects of this kind have it; the ids of the candidates differ."""


class NotAuthenticatedError(Vantage6Error, AttributeError):
    """Call that requires a login, before ``authenticate`` has succeeded on this client.

    This is also an AttributeError, so that you can inspect a client without a login with
    ``hasattr`` or in a debugger: its ``whoami`` does not exist yet.
    """

    def __init__(
        self, message: str = "this client is not logged in. Call authenticate() first."
    ) -> None:
        super().__init__(message)


# ---- connection ----------------------------------------------------------------------------------


class TransportError(Vantage6Error):
    """Request that received no response from the server.

    Attributes
    ----------
    method, url : str
        Method and URL of the request.
    may_have_arrived : bool
        Whether the server may have received and executed the request.
    """

    def __init__(
        self, reason: str, *, method: str, url: str, may_have_arrived: bool = False
    ) -> None:
        super().__init__(f"{method} {url}: {reason}")
        self.method = method
        self.url = url
        self.may_have_arrived = may_have_arrived


class ConnectionFailedError(TransportError):
    """Unreachable server, or a connection that broke before the whole response was received."""


class RequestTimeoutError(TransportError, TimeoutError):
    """No response from the server within the client's timeouts."""


class TLSError(TransportError):
    """Failed secure connection, for example because the certificate is not trusted."""


class TaskCreationUncertainError(TransportError):
    """Lost response to the creation of a task that was then not found: it may still be created.

    The request was sent once. Search for the task before you create it again: the message says how.

    Attributes
    ----------
    name : str
        Name of the task.
    """

    def __init__(self, reason: str, *, method: str, url: str, name: str) -> None:
        super().__init__(
            f"{reason.rstrip('.')}. The server may have created task {name!r}, or may still create "
            f"it. Check client.task.list(name={name!r}) before you create it again.",
            method=method,
            url=url,
            may_have_arrived=True,
        )
        self.name = name


class InvalidResponseError(Vantage6Error):
    """Response that is not the JSON of the API, or is about another id than the requested one.

    Attributes
    ----------
    method, url : str
        Method and URL of the request.
    status : int
        HTTP status of the response.
    body : str
        Text of the response.
    """

    def __init__(self, reason: str, *, method: str, url: str, status: int, body: str) -> None:
        super().__init__(f"{method} {url} returned {status}, but {reason}")
        self.method = method
        self.url = url
        self.status = status
        self.body = body


# ---- error statuses ------------------------------------------------------------------------------


class StatusError(Vantage6Error):
    """Request that the server refused with a status outside 200 to 299.

    Attributes
    ----------
    message : str
        Message of the server, in its own words.
    method, url : str
        Method and URL of the request.
    status : int
        HTTP status of the response.
    body : object
        Decoded response: parsed if it was JSON, otherwise its text.
    errors : Mapping of str to Sequence of str
        The server's reasons for each field of the request that it rejected.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str,
        url: str,
        status: int,
        body: object = None,
        errors: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.message = message
        self.method = method
        self.url = url
        self.status = status
        self.body = body
        self.errors: Mapping[str, Sequence[str]] = errors or {}
        fields = "; ".join(f"{name}: {', '.join(reasons)}" for name, reasons in self.errors.items())
        detail = f" ({fields})" if fields else ""
        super().__init__(f"{method} {url} returned {status}: {message}{detail}")


class BadRequestError(StatusError):
    """Request that the server considers invalid (400); `errors` has the fields, if it named any."""


class UnauthorizedError(StatusError):
    """Access denied to this user, in general or to this object: see the subclasses (401, 403)."""


class LoginFailedError(UnauthorizedError):
    """Wrong username, password or two-factor code, or a locked account.

    The response of the server does not distinguish a wrong password from a locked account. An
    expired token from a recovery email also raises this error.
    """


class LoginExpiredError(UnauthorizedError):
    """Login that is no longer valid and could not be renewed; call ``authenticate`` again."""


class PermissionDeniedError(UnauthorizedError):
    """Request of a known user that the rules assigned to them do not allow."""


class NotFoundError(StatusError):
    """Object that does not exist on the server (404)."""


class EndpointNotFoundError(NotFoundError):
    """Address unknown to the server: a wrong API path, or a server without it (404, 405)."""


class UnsupportedServerVersionError(EndpointNotFoundError):
    """Operation that this version of the server, or the algorithm store, does not support yet.

    If the server supports the operation, but not one of the parameters passed, nothing is sent.

    Attributes
    ----------
    operation : str
        Name of the operation in the bindings.
    server : str
        Version of the server.
    needed : str
        First version that supports the operation.
    status : int
        HTTP status of the response; 0 if nothing was sent.
    """

    def __init__(
        self,
        message: str,
        *,
        operation: str,
        server: str,
        needed: str,
        method: str,
        url: str,
        status: int = 0,
        body: object = None,
    ) -> None:
        super().__init__(message, method=method, url=url, status=status, body=body)
        self.operation = operation
        self.server = server
        self.needed = needed
        if not status:
            self.args = (f"{method} {url} was not sent: {message}",)


class ConflictError(StatusError):
    """Request that conflicts with the state of the server (409)."""


class TooManyRequestsError(StatusError):
    """Too many requests, according to the server or a proxy in front of it (429)."""


class ServerError(StatusError):
    """Failure of the server, or of a proxy in front of it (500 and above)."""


class TwoFactorRequiredError(Vantage6Error):
    """Correct password, but the account also requires a two-factor code: pass ``mfa_code``."""


class TwoFactorSetupRequiredError(Vantage6Error):
    """Correct password, but the server requires two-factor login and none was set up yet.

    It is set up now: the server has created the second factor of this account, and sends it only
    this once.

    Attributes
    ----------
    uri : str
        The ``otpauth://`` address to load into an authenticator app. It contains the secret of the
        second factor, so it does not appear in the message.

    Examples
    --------
    >>> try:
    ...     client.authenticate("researcher", "password")
    ... except TwoFactorSetupRequiredError as error:
    ...     error.show_qr()
    >>> client.authenticate("researcher", "password", input("Code: "))
    """

    def __init__(self, message: str, *, uri: str) -> None:
        super().__init__(message)
        self.uri = uri

    def show_qr(self) -> None:
        """Show the `uri` as a QR code: a picture in a notebook, text elsewhere.

        The text below the code names the account and the issuer.

        Raises
        ------
        MissingDependencyError
            If the extra ``qr`` is not installed.
        InvalidInputError
            If the `uri` is not an ``otpauth://`` address, or too long for a QR code.

        Examples
        --------
        >>> error.show_qr()
        """
        from ._utils.qr import describe_factor, draw_qr

        if describe_factor(self.uri) is None:
            raise InvalidInputError(
                "uri: expected the otpauth:// address of a second factor, got another text, which "
                "is not shown. Do not scan or open it: ask the operator of the server."
            )
        try:
            draw_qr(self.uri)
        except ImportError:
            raise MissingDependencyError(
                "QR codes require the extra 'qr': pip install 'vantage6-sdk[qr]'. Without it, type "
                "the secret in the otpauth:// address into the authenticator app."
            ) from None
        except ValueError:
            raise InvalidInputError(
                f"uri: expected an address that fits into a QR code, got {len(self.uri)} "
                "characters. No second factor has an address of that length."
            ) from None


# ---- encryption ---------------------------------------------------------------------------------


class InvalidKeyError(Vantage6Error, ValueError):
    """Private or public key that cannot be read, or is not an RSA key."""


class KeyMismatchError(Vantage6Error):
    """Private key that does not belong to the public key on the server.

    Attributes
    ----------
    local, server : str
        Fingerprints of the key passed here and of the key on the server.
    """

    def __init__(self, message: str, *, local: str, server: str) -> None:
        super().__init__(f"{message} (this key: {local}; the server's key: {server})")
        self.local = local
        self.server = server


class UntrustedKeyError(Vantage6Error):
    """Public key from the server that the client must not encrypt with.

    Attributes
    ----------
    organization_id : int
        Identifier of the organization.
    server : str
        Fingerprint of the key that the server returns for it.
    """

    def __init__(self, message: str, *, organization_id: int, server: str) -> None:
        super().__init__(message)
        self.organization_id = organization_id
        self.server = server


class PublicKeyChangedError(UntrustedKeyError):
    """Public key from the server, or organization with a name, that is not the known one.

    Nothing was sent.

    Attributes
    ----------
    organization_id : int
        Identifier of the organization.
    known, server : str
        Fingerprints of the known key, and of the key that the server returns now; empty if it
        returns none.
    """

    def __init__(self, message: str, *, organization_id: int, known: str, server: str) -> None:
        super().__init__(message, organization_id=organization_id, server=server)
        self.known = known


class NotEncryptedError(Vantage6Error):
    """Collaboration that is unencrypted on the server, but must be encrypted; nothing was sent.

    Attributes
    ----------
    collaboration_id : int
        Identifier of the collaboration.
    """

    def __init__(self, message: str, *, collaboration_id: int) -> None:
        super().__init__(message)
        self.collaboration_id = collaboration_id


class EncryptionNotSetUpError(Vantage6Error):
    """Encrypted collaboration, but no private key in the client; nothing was sent."""


class DecryptionError(Vantage6Error):
    """Encrypted value that could not be read: the wrong key, or a damaged message.

    Attributes
    ----------
    run_ids : list of int
        Identifiers of the runs whose input or result is affected.
    results : ResultRows or None
        All rows, if several results were requested: the results that could be read, and None in
        place of those that could not.
    runs : Rows or None
        All rows, if several runs were requested: likewise with their inputs.
    """

    def __init__(
        self,
        message: str,
        run_ids: Sequence[int] = (),
        *,
        results: TaskResults | None = None,
        runs: Sequence[Run] | None = None,
    ) -> None:
        super().__init__(message)
        self.run_ids = list(run_ids)
        self.results = results
        self.runs = runs


# ---- tasks --------------------------------------------------------------------------------------


class TaskFailedError(Vantage6Error):
    """Task with at least one run that ended without a result; others may still be in progress.

    Attributes
    ----------
    task_id : int
        Identifier of the task.
    status : str
        Status of the task, such as ``"crashed"`` or ``"killed by user"``.
    runs : list of Run
        All runs of the task, with their organization, status and log.
    results : ResultRows
        Result rows of the task; ``["result"]`` is None where a run did not finish.
    subtask_runs : list of Run
        Runs of its subtasks, if it has any.
    finished : list of Finished
        All tasks of a wait for several, in their order, each with its results and its error, if
        any; the other attributes are those of the first one with an error.
    """

    def __init__(
        self,
        message: str,
        *,
        task_id: int,
        status: str,
        runs: Sequence[Run],
        results: TaskResults,
        subtask_runs: Sequence[Run] = (),
        finished: Sequence[Finished] = (),
    ) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.status = status
        self.runs = list(runs)
        self.results = results
        self.subtask_runs = list(subtask_runs)
        self.finished = list(finished)

    def __str__(self) -> str:
        # One line for each run; `describe_failure` has sanitized what is in them.
        return sanitize_lines(Exception.__str__(self))


class WaitTimeoutError(Vantage6Error, TimeoutError):
    """Task that did not finish before the timeout; it keeps running.

    The message names the organizations whose results are missing, and why.

    Attributes
    ----------
    task_id : int
        Identifier of the task, which is still running on the server.
    status : str
        Last known status of the task.
    results : ResultRows or None
        Result rows of the task; ``["result"]`` is None where a run did not finish. None if they
        could not be requested.
    finished : list of Finished
        The other tasks of a wait for several that have ended, each with its results.
    """

    def __init__(
        self,
        message: str,
        *,
        task_id: int,
        status: str,
        results: TaskResults | None = None,
        finished: Sequence[Finished] = (),
    ) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.status = status
        self.results = results
        self.finished = list(finished)


class EventsUnavailableError(Vantage6Error):
    """Events of the server that cannot be received: the permission or the libraries are missing."""
