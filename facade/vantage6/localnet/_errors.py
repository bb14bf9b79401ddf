"""Exceptions of the local network."""


class LocalNetworkError(Exception):
    """Base class of the local network's errors."""


class NotStartedError(LocalNetworkError, AttributeError):
    """The network was not started yet, so that it has no address, users or nodes."""


class EnvironmentBuildError(LocalNetworkError):
    """The Python environment of the server could not be built."""


class PortInUseError(LocalNetworkError):
    """The requested port is invalid or in use."""


class ServerStartError(LocalNetworkError):
    """The server exited or did not respond in time; the message includes the end of its log."""


class NodeStartError(LocalNetworkError):
    """A node did not come online in time."""
