"""Shorten the lifetime of users' access tokens below the server's minimum of 30 minutes."""

# Tokens of nodes and algorithms, refresh tokens and those of root, which fills the server, are not
# shortened.

import datetime
import importlib
from typing import Any


def shorten(seconds: int) -> None:
    """Set the lifetime of users' access tokens in seconds."""
    resource: Any = importlib.import_module("vantage6.server.resource.token")
    user: Any = importlib.import_module("vantage6.server.model.user").User
    create_token = resource.create_access_token

    def create_short_token(identity: Any, **options: Any) -> str:
        if isinstance(identity, user) and identity.username != "root":
            options["expires_delta"] = datetime.timedelta(seconds=seconds)
        return create_token(identity, **options)

    resource.create_access_token = create_short_token
