"""Which exit code tells which kind of failure, and what to do about it in a shell (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")

OK, BUG, USAGE, LOGIN, UNKNOWN, MISSING = 0, 1, 2, 3, 5, 12
INTERRUPTED, UNREAD = 130, 141


class Failure(NamedTuple):
    """A kind of failure.

    Attributes
    ----------
    code : int
        The exit code.
    meaning : str
        What went wrong, in one line.
    errors : sequence of str
        The names of the errors; those of a subclass that stands elsewhere are not meant.
    """

    code: int
    meaning: str
    errors: Sequence[str]


FAILURES = (
    Failure(BUG, "something that no other code stands for", ("Vantage6Error", "ClientClosedError")),
    Failure(
        USAGE,
        "the command, or a value in it, cannot work",
        ("InvalidInputError", "ConfigurationError"),
    ),
    Failure(
        LOGIN,
        "nobody is logged in, the login has expired, or it failed",
        (
            "NotAuthenticatedError",
            "UnauthorizedError",
            "TwoFactorRequiredError",
            "TwoFactorSetupRequiredError",
        ),
    ),
    Failure(4, "you may not do this", ("PermissionDeniedError",)),
    Failure(
        UNKNOWN,
        "there is no such thing, or a name stands for several",
        ("UnclearNameError", "NotFoundError"),
    ),
    Failure(6, "the server refuses the request, or it contradicts what is there", ("StatusError",)),
    Failure(
        7,
        "the server failed, is too busy or too old, or what answered is none",
        ("ServerError", "TooManyRequestsError", "EndpointNotFoundError", "InvalidResponseError"),
    ),
    Failure(8, "no answer: connection, certificate or timeout", ("TransportError",)),
    Failure(9, "a task failed", ("TaskFailedError",)),
    Failure(10, "the time to wait was up; the task runs on", ("WaitTimeoutError",)),
    Failure(
        11,
        "a key, encryption or trust",
        (
            "InvalidKeyError",
            "KeyMismatchError",
            "UntrustedKeyError",
            "NotEncryptedError",
            "EncryptionNotSetUpError",
            "DecryptionError",
        ),
    ),
    Failure(
        MISSING,
        "a package that this needs is not installed",
        ("MissingDependencyError", "EventsUnavailableError"),
    ),
)
_CODES = {name: failure.code for failure in FAILURES for name in failure.errors}

# The client's messages speak of methods; this is what helps in a shell.
_HINTS = {
    "NotAuthenticatedError": "log in with: v6c login",
    "LoginExpiredError": "log in with: v6c login",
    "TwoFactorRequiredError": "give the code in VANTAGE6_MFA_CODE, or log in with: v6c login",
    "EncryptionNotSetUpError": "give your organization's private key with --private-key FILE",
    "PublicKeyChangedError": "compare the fingerprint, then: v6c org trust ORGANIZATION "
    "FINGERPRINT",
    "UntrustedKeyError": "compare the fingerprint, then: v6c org trust ORGANIZATION FINGERPRINT",
    "NotEncryptedError": "if that is right: v6c collab trust COLLABORATION",
    "DecryptionError": "is --private-key that of your organization?",
}


def code_of(error: type[BaseException]) -> int:
    """Tell with which code a program ends that ends with an error.

    Parameters
    ----------
    error : type
        The error's class.

    Returns
    -------
    int
        The code of the nearest class in `FAILURES`.
    """
    return _of_nearest(error, _CODES) or BUG


def hint_of(error: type[BaseException]) -> str | None:
    """Tell what helps against an error.

    Parameters
    ----------
    error : type
        The error's class.

    Returns
    -------
    str or None
        One line.
    """
    return _of_nearest(error, _HINTS)


def _of_nearest(error: type[BaseException], known: dict[str, _T]) -> _T | None:
    return next((known[kind.__name__] for kind in error.__mro__ if kind.__name__ in known), None)


def table_of_codes() -> list[tuple[str, str]]:
    """List all codes, as the help shows them.

    Returns
    -------
    list of tuple
        Each code and what it means.
    """
    return [
        ("0", "it is done"),
        *((str(failure.code), failure.meaning) for failure in FAILURES),
        (str(INTERRUPTED), "interrupted by Ctrl-C; a task that was waited for runs on"),
        (str(UNREAD), "whoever read the output went away"),
    ]
