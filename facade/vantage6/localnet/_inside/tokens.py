"""Give users access tokens that live for seconds; the server itself allows no less than 30 minutes.

Tokens of nodes and algorithms, and those that renew others, live as long as ever. So do root's: the
local network fills the server with them.
"""

import datetime
import importlib
from typing import Any


def shorten(seconds: int) -> None:
    """Let access tokens live for so many seconds.

    Parameters
    ----------
    seconds : int
        How many.
    """
    resource: Any = importlib.import_module("vantage6.server.resource.token")
    user: Any = importlib.import_module("vantage6.server.model.user").User
    make = resource.create_access_token

    def made(identity: Any, **options: Any) -> str:
        if isinstance(identity, user) and identity.username != "root":
            options["expires_delta"] = datetime.timedelta(seconds=seconds)
        return make(identity, **options)

    resource.create_access_token = made
