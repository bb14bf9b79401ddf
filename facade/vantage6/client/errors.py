"""The errors this package raises: one tree, each saying what was tried and what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vantage6.bindings.secret import NAMES

from ._utils.text import sanitize_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Protocol, SupportsIndex

    from vantage6.bindings.server.rows import Result, Run

    class TaskResults(Protocol):
        """The result rows of a task, as `ResultRows` has them."""

        def __len__(self) -> int: ...
        def __getitem__(self, key: SupportsIndex, /) -> Result: ...
        def __iter__(self) -> Iterator[Result]: ...
        @property
        def outputs(self) -> list[Any]:
            """What each run's algorithm returned; None for a run without a result."""
            ...

        @property
        def by_organization(self) -> dict[str, Any]:
            """What each run's algorithm returned, by the name of the organization."""
            ...


class Vantage6Error(Exception):
    """Root of every error that this package raises on purpose."""

    def __str__(self) -> str:
        # Servers, and those who gave things their names, have a say in what it says.
        return sanitize_lines(super().__str__())

    def __reduce__(self) -> tuple[object, ...]:
        # The default would call the class with the message alone, which the classes below refuse.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    cls: type[Vantage6Error], args: tuple[object, ...], state: dict[str, object]
) -> Vantage6Error:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


# ---- before anything is sent --------------------------------------------------------------------


class ConfigurationError(Vantage6Error, ValueError):
    """An argument of the client itself cannot work: its address, timeouts or log level."""


class InvalidInputError(Vantage6Error, ValueError):
    """An argument of a call cannot work; nothing was sent."""


class ClientClosedError(Vantage6Error, RuntimeError):
    """The client was closed, before the call or while it waited: make a new one."""

    def __init__(self) -> None:
        super().__init__("this client has been closed: make a new one, and log in with it")


class MissingDependencyError(Vantage6Error, ImportError):
    """Something was asked for that needs a package which is not installed.

    The message says how to install it.
    """


class UnclearNameError(InvalidInputError, LookupError):
    """A name does not say what is meant: see the subclasses. Nothing was changed.

    Attributes
    ----------
    kind : str
        What was looked for, such as ``"organization"``.
    name : str
        The name that was given.
    candidates : list of dict
        The rows of what may be meant.
    """

    def __init__(
        self, message: str, *, kind: str, name: str, candidates: Sequence[Mapping[str, Any]]
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name
        # Of users, servers tell the second factor: nobody needs that to tell them apart.
        self.candidates = [
            {field: value for field, value in row.items() if field not in NAMES}
            for row in candidates
        ]


class NameNotFoundError(UnclearNameError):
    """Nothing of this kind that you may see has the name; the candidates have similar ones."""


class AmbiguousNameError(UnclearNameError):
    """Several things of this kind have the name; the ids of the candidates tell them apart."""


class NotAuthenticatedError(Vantage6Error, AttributeError):
    """The call needs a login, and ``authenticate`` has not succeeded on this client yet.

    An AttributeError too, so that a client without a login can be looked at with ``hasattr`` or in
    a debugger: its ``whoami`` is not there yet.
    """

    def __init__(
        self, message: str = "nobody is logged in on this client: call authenticate() first"
    ) -> None:
        super().__init__(message)


# ---- on the way to the server and back ----------------------------------------------------------


class TransportError(Vantage6Error):
    """No answer of the server came back.

    Attributes
    ----------
    method, url : str
        The request that was tried.
    may_have_arrived : bool
        Whether the server may have got the request, and done what it asks for.
    """

    def __init__(
        self, reason: str, *, method: str, url: str, may_have_arrived: bool = False
    ) -> None:
        super().__init__(f"{method} {url}: {reason}")
        self.method = method
        self.url = url
        self.may_have_arrived = may_have_arrived


class ConnectionFailedError(TransportError):
    """The server could not be reached, or the connection broke before the whole answer was here."""


class RequestTimeoutError(TransportError, TimeoutError):
    """The server did not answer within the client's timeouts."""


class TLSError(TransportError):
    """No secure connection could be made, for instance because the certificate is not trusted."""


class TaskCreationUncertainError(TransportError):
    """The answer to the creation of a task was lost, and the task was not found: it may come yet.

    It was asked for once. Look for it before you create it again: the message says how.

    Attributes
    ----------
    name : str
        The name of the task.
    """

    def __init__(self, reason: str, *, method: str, url: str, name: str) -> None:
        super().__init__(
            f"{reason}; the server may have created task {name!r} even so, or do so yet: look with "
            f"client.task.list(name={name!r}) before you create it again",
            method=method,
            url=url,
            may_have_arrived=True,
        )
        self.name = name


class InvalidResponseError(Vantage6Error):
    """The answer is not the JSON that the API speaks, such as a proxy's maintenance page.

    Attributes
    ----------
    method, url : str
        The request that was made.
    status : int
        The status of the answer.
    body : str
        The answer's text.
    """

    def __init__(self, reason: str, *, method: str, url: str, status: int, body: str) -> None:
        super().__init__(f"{method} {url} answered {status}, but {reason}")
        self.method = method
        self.url = url
        self.status = status
        self.body = body


# ---- the server said no -------------------------------------------------------------------------


class StatusError(Vantage6Error):
    """The server refused the request, with a status outside 200 to 299.

    Attributes
    ----------
    message : str
        What the server says, in its own words.
    method, url : str
        The request that was made.
    status : int
        The HTTP status of the answer.
    body : object
        The decoded answer: JSON where it was JSON, else its text.
    errors : Mapping of str to Sequence of str
        For each field of the request that the server rejected, its reasons.
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
        fields = "; ".join(f"{name}: {', '.join(why)}" for name, why in self.errors.items())
        detail = f" ({fields})" if fields else ""
        super().__init__(f"{method} {url} answered {status}: {message}{detail}")


class BadRequestError(StatusError):
    """The request does not make sense to the server (400); `errors` names the fields, if it did."""


class UnauthorizedError(StatusError):
    """The server does not let this user in, or not here: see the subclasses (401, 403)."""


class LoginFailedError(UnauthorizedError):
    """The username, the password or the two-factor code is wrong, or the account is locked.

    Servers do not tell a wrong password from a locked account. The token of a recovery mail that
    comes too late is refused in this way, too.
    """


class LoginExpiredError(UnauthorizedError):
    """The login is no longer valid and could not be renewed; call ``authenticate`` again."""


class PermissionDeniedError(UnauthorizedError):
    """The user is known, but the rules assigned to them do not allow this."""


class NotFoundError(StatusError):
    """The thing asked for does not exist on the server (404)."""


class EndpointNotFoundError(NotFoundError):
    """The server has no such address: a wrong API path, or a server without it (404, 405)."""


class UnsupportedServerVersionError(EndpointNotFoundError):
    """The server, or the algorithm store, is of a version that cannot do this yet.

    Where it knows an operation, but not a parameter that is given, nothing is sent.

    Attributes
    ----------
    operation : str
        What was to be done, by its name in the bindings.
    server : str
        The version that the server has.
    needed : str
        The first version that can do it.
    status : int
        The status of the answer; 0 when nothing was sent.
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
    """The request contradicts the state of the server (409)."""


class TooManyRequestsError(StatusError):
    """The server, or a proxy before it, asks to slow down (429)."""


class ServerError(StatusError):
    """The server, or a proxy before it, failed (500 and above)."""


class TwoFactorRequiredError(Vantage6Error):
    """The password is right, and the account also wants a two-factor code: give ``mfa_code``."""


class TwoFactorSetupRequiredError(Vantage6Error):
    """The password is right, but the server demands two-factor login and none was set up yet.

    It is now: the server has made the second factor of this account, and tells it this once.

    Attributes
    ----------
    uri : str
        The ``otpauth://`` address to load into an authenticator app. It holds the secret of the
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
        """Show the `uri` as a QR code, a picture in a notebook and text elsewhere.

        Raises
        ------
        MissingDependencyError
            When the package lacks its extra ``qr``.

        Examples
        --------
        >>> error.show_qr()
        """
        from ._utils.qr import draw_qr

        try:
            draw_qr(self.uri)
        except ImportError:
            raise MissingDependencyError(
                "QR codes need the extra 'qr': pip install 'vantage6-sdk[qr]'; without it, type "
                "the secret in the otpauth:// address into the authenticator app"
            ) from None
        except ValueError:
            raise InvalidInputError(
                f"no QR code holds the {len(self.uri)} characters of this address: no second "
                "factor has one of that length"
            ) from None


# ---- encryption ---------------------------------------------------------------------------------


class InvalidKeyError(Vantage6Error, ValueError):
    """A private or public key cannot be read, or is not an RSA key."""


class KeyMismatchError(Vantage6Error):
    """The private key does not belong to the public key that the server holds.

    Attributes
    ----------
    local, server : str
        Fingerprints of the key given here and of the one the server holds.
    """

    def __init__(self, message: str, *, local: str, server: str) -> None:
        super().__init__(f"{message} (this key: {local}; the server's: {server})")
        self.local = local
        self.server = server


class UntrustedKeyError(Vantage6Error):
    """The public key that the server gives for an organization is not one to encrypt with.

    Attributes
    ----------
    organization_id : int
        The organization.
    server : str
        Fingerprint of the key that the server gives.
    """

    def __init__(self, message: str, *, organization_id: int, server: str) -> None:
        super().__init__(message)
        self.organization_id = organization_id
        self.server = server


class PublicKeyChangedError(UntrustedKeyError):
    """The server gives another public key for an organization than before; nothing was sent.

    Attributes
    ----------
    organization_id : int
        The organization.
    known, server : str
        Fingerprints of the key that is known of it, and of the one that the server gives now.
    """

    def __init__(self, message: str, *, organization_id: int, known: str, server: str) -> None:
        super().__init__(message, organization_id=organization_id, server=server)
        self.known = known


class NotEncryptedError(Vantage6Error):
    """The server says that a collaboration is not encrypted, which is to be; nothing was sent.

    Attributes
    ----------
    collaboration_id : int
        The collaboration.
    """

    def __init__(self, message: str, *, collaboration_id: int) -> None:
        super().__init__(message)
        self.collaboration_id = collaboration_id


class EncryptionNotSetUpError(Vantage6Error):
    """The collaboration is encrypted, and the client has no private key: nothing was sent."""


class DecryptionError(Vantage6Error):
    """An encrypted value could not be read: the wrong key, or a damaged message.

    Attributes
    ----------
    run_ids : list of int
        The algorithm runs whose input or result is concerned.
    results : ResultRows or None
        Where several results were asked for: all rows, with the readable results in place and
        None where a result could not be read.
    runs : Rows or None
        Where several runs were asked for: all rows, with the readable inputs in place likewise.
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
    """At least one run of the task ended without a result; others may still be under way.

    Attributes
    ----------
    task_id : int
        The task that failed.
    status : str
        Its status, such as ``"crashed"`` or ``"killed by user"``.
    runs : list of Run
        All its runs, with their organization, status and log.
    results : ResultRows
        The result rows of the task; ``["result"]`` is None where a run did not finish.
    subtask_runs : list of Run
        The runs of its subtasks, if it has any.
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
    ) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.status = status
        self.runs = list(runs)
        self.results = results
        self.subtask_runs = list(subtask_runs)


class WaitTimeoutError(Vantage6Error, TimeoutError):
    """The task did not finish within the time given; it runs on.

    Attributes
    ----------
    task_id : int
        The task, still running on the server.
    status : str
        Its last known status.
    """

    def __init__(self, message: str, *, task_id: int, status: str) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.status = status


class EventsUnavailableError(Vantage6Error):
    """What the server announces cannot be heard: without the right, or the libraries, for it."""
