"""The exceptions of the local network, all under one root."""


class LocalNetworkError(Exception):
    """Something kept the local network from starting or working; the message says what."""


class EnvironmentBuildError(LocalNetworkError):
    """The Python environment of the server could not be made."""


class PortInUseError(LocalNetworkError):
    """Another program listens on the port that was asked for."""


class ServerStartError(LocalNetworkError):
    """The server ended, or did not answer in time; the message ends with the tail of its log."""


class NodeStartError(LocalNetworkError):
    """The nodes did not come online in time."""
