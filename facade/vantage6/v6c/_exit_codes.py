"""Exit codes and hints for each error class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")

OK, BUG, USAGE, LOGIN, DENIED, UNKNOWN, FAILED, MISSING = 0, 1, 2, 3, 4, 5, 9, 12
INTERRUPTED, OUTPUT_CLOSED = 130, 141


class Failure(NamedTuple):
    """An exit code, its meaning, and the names of the error classes it stands for."""

    # A subclass that is listed elsewhere has the code of its own entry.

    code: int
    meaning: str
    errors: Sequence[str]


FAILURES = (
    Failure(BUG, "other error", ("Vantage6Error", "ClientClosedError")),
    Failure(
        USAGE,
        "invalid command or value",
        ("InvalidInputError", "ConfigurationError", "FileAccessError"),
    ),
    Failure(
        LOGIN,
        "not logged in, login expired, or login failed",
        (
            "CredentialsNotFoundError",
            "NotAuthenticatedError",
            "UnauthorizedError",
            "TwoFactorRequiredError",
            "TwoFactorSetupRequiredError",
        ),
    ),
    Failure(DENIED, "permission denied", ("PermissionDeniedError",)),
    Failure(
        UNKNOWN,
        "not found, or ambiguous name",
        ("UnclearNameError", "NotFoundError"),
    ),
    Failure(6, "request rejected by the server, or conflict", ("StatusError",)),
    Failure(
        7,
        "server error, rate limit, unsupported version or invalid response",
        ("ServerError", "TooManyRequestsError", "EndpointNotFoundError", "InvalidResponseError"),
    ),
    Failure(8, "no response: connection, certificate or timeout", ("TransportError",)),
    Failure(FAILED, "task failed, or would fail (--dry-run)", ("TaskFailedError",)),
    Failure(10, "timed out waiting for a task, which keeps running", ("WaitTimeoutError",)),
    Failure(
        11,
        "key, encryption or trust error",
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
        "required package not installed",
        ("MissingDependencyError", "EventsUnavailableError"),
    ),
)
_CODES = {name: failure.code for failure in FAILURES for name in failure.errors}

# The client's messages name Python methods; these hints name commands.
_HINTS = {
    "CredentialsNotFoundError": "log in with: v6c login",
    "NotAuthenticatedError": "log in with: v6c login",
    "LoginExpiredError": "log in with: v6c login",
    "TwoFactorRequiredError": "set VANTAGE6_MFA_CODE, or log in with: v6c login",
    "EncryptionNotSetUpError": "pass your organization's private key with --private-key FILE",
    "PublicKeyChangedError": "compare the fingerprint, then run: v6c org trust ORGANIZATION "
    "FINGERPRINT",
    "UntrustedKeyError": "compare the fingerprint, then run: v6c org trust ORGANIZATION "
    "FINGERPRINT",
    "NotEncryptedError": "if this is expected, run: v6c collab trust COLLABORATION",
    "TaskCreationUncertainError": "look for it with: v6c task list",
    "WaitTimeoutError": "wait again with: v6c task wait TASK",
    "DecryptionError": "check that --private-key is your organization's key",
}


# Where a sentence ends, and what only programmers can follow: a call, or the name of an argument.
_SENTENCES = re.compile(r"(?<=[.!?]) +(?=[A-Z])")
_QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)")  # a name, which may look like either
_PYTHON = re.compile(r"\w\(|(?<![-\w&?])[a-z_]+=|\bclient\.")
_WORDS = ((re.compile(r",? or None\b"), ""), (re.compile(r"\bgot None\b"), "got nothing"))


def in_shell(message: str, options: Mapping[str, str]) -> str:
    """Return a message of the client without advice for programmers, and with names of options."""
    first, *others = _SENTENCES.split(_QUOTED.sub(lambda text: text[0].replace(" ", "\0"), message))
    for pattern, replacement in _WORDS:
        first = pattern.sub(replacement, first)
    name, colon, rest = first.partition(":")
    if name in options:
        for argument in re.findall(r"\b[a-z]+_?\b", rest) if name == "input_" else ():
            rest = re.sub(rf"(?<!-)\b{argument}\b", options.get(argument, argument), rest)
        first = f"{options[name]}{colon}{rest}"
    kept = (text for text in others if not _PYTHON.search(_QUOTED.sub("''", text)))
    return " ".join((first, *kept)).replace("\0", " ")


def exit_code(error: type[BaseException]) -> int:
    """Return the exit code for an error class."""
    return _lookup_by_class(error, _CODES) or BUG


def hint(error: type[BaseException]) -> str | None:
    """Return the hint for an error class, if there is one."""
    return _lookup_by_class(error, _HINTS)


def _lookup_by_class(error: type[BaseException], known: dict[str, _T]) -> _T | None:
    return next((known[kind.__name__] for kind in error.__mro__ if kind.__name__ in known), None)


def exit_code_table() -> list[tuple[str, str]]:
    """Return all exit codes with their meanings, in the order of the help."""
    return [
        ("0", "success"),
        *((str(failure.code), failure.meaning) for failure in FAILURES),
        (str(INTERRUPTED), "interrupted by Ctrl-C; tasks keep running"),
        (str(OUTPUT_CLOSED), "output pipe closed by its reader"),
    ]
