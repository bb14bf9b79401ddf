"""Local vantage6 network: a real server with working nodes, without containers.

Examples
--------
>>> from vantage6.localnet import LocalNetwork
>>> with LocalNetwork() as net:  # doctest: +SKIP
...     print(net.url)
"""

from vantage6.localnet._errors import (
    EnvironmentBuildError,
    LocalNetworkError,
    NodeStartError,
    PortInUseError,
    ServerStartError,
)
from vantage6.localnet._network import LocalNetwork

__all__ = [
    "LocalNetwork",
    "LocalNetworkError",
    "EnvironmentBuildError",
    "PortInUseError",
    "ServerStartError",
    "NodeStartError",
]
