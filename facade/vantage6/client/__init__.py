"""The vantage6 client: connect to a server, send tasks to organizations, read their results.

>>> from vantage6.client import Client
>>> client = Client("https://server.example", 443, "/api")
>>> client.authenticate("researcher", "password")

`Client` is for ordinary programs and notebooks; `AsyncClient` has the same methods for asynchronous
ones. Each name is loaded on first use.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers recognize the name; importing `typing` takes time

if TYPE_CHECKING:
    from ._async.client import AsyncClient
    from ._auth.device import DeviceCode
    from ._auth.identity import WhoAmI
    from ._auth.remember import SavedLogin
    from ._auth.two_factor import show_qr
    from ._backend.databases import Extraction
    from ._config.profiles import Profile, profiles
    from ._display.timeline import Timeline, TimelineTask
    from ._events.types import (
        Event,
        KillRequested,
        LogWritten,
        NodeOffline,
        NodeOnline,
        Reconnected,
        RunStatusChanged,
        RunUpdated,
        TaskCreated,
    )
    from ._http.timeouts import Timeouts
    from ._rows.results import ResultRows
    from ._rows.rows import Rows
    from ._sync.client import Client
    from ._sync.client import Client as UserClient
    from ._tasks.plan import Check, Plan
    from ._waiting.explain import Explanation, Finding
    from ._waiting.finished import Finished
    from ._waiting.logs import LogLine
    from ._waiting.progress import Progress, RunProgress
    from .errors import (
        AmbiguousNameError,
        BadRequestError,
        ClientClosedError,
        ConfigurationError,
        ConflictError,
        ConnectionFailedError,
        CredentialsNotFoundError,
        DecryptionError,
        EncryptionNotSetUpError,
        EndpointNotFoundError,
        EventsUnavailableError,
        ExistingFileError,
        FileAccessError,
        InvalidInputError,
        InvalidKeyError,
        InvalidResponseError,
        KeyMismatchError,
        LoginExpiredError,
        LoginFailedError,
        MissingDependencyError,
        MissingFileError,
        NameNotFoundError,
        NotAuthenticatedError,
        NotEncryptedError,
        NotFoundError,
        PermissionDeniedError,
        PublicKeyChangedError,
        RequestTimeoutError,
        ServerError,
        StatusError,
        TaskCreationUncertainError,
        TaskFailedError,
        TLSError,
        TooManyRequestsError,
        TransportError,
        TwoFactorRequiredError,
        TwoFactorSetupRequiredError,
        UnauthorizedError,
        UnclearNameError,
        UnsupportedServerVersionError,
        UntrustedKeyError,
        Vantage6Error,
        WaitTimeoutError,
    )
    from .utils import LogLevel

    __version__: str

__all__ = [
    "AsyncClient",
    "Client",
    "UserClient",
    "Extraction",
    "Rows",
    "ResultRows",
    "Plan",
    "Check",
    "Explanation",
    "Finding",
    "Progress",
    "RunProgress",
    "Timeline",
    "TimelineTask",
    "LogLine",
    "Finished",
    # events
    "Event",
    "TaskCreated",
    "RunStatusChanged",
    "RunUpdated",
    "LogWritten",
    "NodeOnline",
    "NodeOffline",
    "KillRequested",
    "Reconnected",
    # settings
    "Timeouts",
    "WhoAmI",
    "DeviceCode",
    "Profile",
    "profiles",
    "LogLevel",
    "SavedLogin",
    "show_qr",
    # errors
    "Vantage6Error",
    "ConfigurationError",
    "CredentialsNotFoundError",
    "InvalidInputError",
    "FileAccessError",
    "MissingFileError",
    "ExistingFileError",
    "ClientClosedError",
    "MissingDependencyError",
    "UnclearNameError",
    "NameNotFoundError",
    "AmbiguousNameError",
    "NotAuthenticatedError",
    "TwoFactorRequiredError",
    "TwoFactorSetupRequiredError",
    "TransportError",
    "ConnectionFailedError",
    "RequestTimeoutError",
    "TLSError",
    "InvalidResponseError",
    "StatusError",
    "BadRequestError",
    "UnauthorizedError",
    "LoginFailedError",
    "LoginExpiredError",
    "PermissionDeniedError",
    "NotFoundError",
    "EndpointNotFoundError",
    "UnsupportedServerVersionError",
    "ConflictError",
    "TooManyRequestsError",
    "ServerError",
    "InvalidKeyError",
    "KeyMismatchError",
    "UntrustedKeyError",
    "PublicKeyChangedError",
    "NotEncryptedError",
    "EncryptionNotSetUpError",
    "DecryptionError",
    "TaskFailedError",
    "TaskCreationUncertainError",
    "WaitTimeoutError",
    "EventsUnavailableError",
]
# The module that defines each name; names that are not listed are errors.
_HOMES = {
    "AsyncClient": "._async.client",
    "Client": "._sync.client",
    "UserClient": "._sync.client",
    "Extraction": "._backend.databases",
    "ResultRows": "._rows.results",
    "Rows": "._rows.rows",
    "LogLine": "._waiting.logs",
    "Finished": "._waiting.finished",
    "Event": "._events.types",
    "TaskCreated": "._events.types",
    "RunStatusChanged": "._events.types",
    "RunUpdated": "._events.types",
    "LogWritten": "._events.types",
    "NodeOnline": "._events.types",
    "NodeOffline": "._events.types",
    "KillRequested": "._events.types",
    "Reconnected": "._events.types",
    "Plan": "._tasks.plan",
    "Check": "._tasks.plan",
    "Explanation": "._waiting.explain",
    "Finding": "._waiting.explain",
    "Progress": "._waiting.progress",
    "RunProgress": "._waiting.progress",
    "Timeline": "._display.timeline",
    "TimelineTask": "._display.timeline",
    "Timeouts": "._http.timeouts",
    "WhoAmI": "._auth.identity",
    "DeviceCode": "._auth.device",
    "Profile": "._config.profiles",
    "profiles": "._config.profiles",
    "LogLevel": ".utils",
    "SavedLogin": "._auth.remember",
    "show_qr": "._auth.two_factor",
}


if not TYPE_CHECKING:  # with a module `__getattr__`, type checkers would accept any name

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version

            return version("vantage6-sdk")
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        home = import_module(_HOMES.get(name, ".errors"), __name__)
        value = globals()[name] = getattr(home, "Client" if name == "UserClient" else name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _warn_about_official_client() -> None:
    """Warn if the package `vantage6-client`, which has the same import name, is also installed."""
    import os
    import sys

    for folder in sys.path:
        try:
            names = os.listdir(folder or os.curdir)  # noqa: PTH208 - pathlib takes longer to load
        except OSError:
            continue
        if any(
            name.startswith(("vantage6_client-", "vantage6-client-"))
            and name.endswith((".dist-info", ".egg-info"))
            for name in names
        ):
            import warnings

            warnings.warn(
                f"the package 'vantage6-client' is also installed, in {folder!r}. It provides "
                "'vantage6.client' too, so Python may import either of the two. Uninstall one, "
                "then reinstall 'vantage6-sdk'.",
                stacklevel=3,
            )
            return


_warn_about_official_client()
