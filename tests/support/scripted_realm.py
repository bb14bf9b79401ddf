"""A realm of Keycloak and HQ on one scripted server, which respond as a test defines."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.support.scripted_server import Reply, Request, ScriptedServer, token

REALM = "/realms/vantage6/protocol/openid-connect"
USER = {
    "id": 7,
    "username": "ada",
    "organization": {"id": 3, "link": "/hq/organization/3", "methods": []},
    "permissions": {},
}
PENDING = {"error": "authorization_pending"}


def refusal(error: str, description: str = "") -> Reply:
    """Return what a realm answers when it refuses something."""
    return 400, {"error": error, **({"error_description": description} if description else {})}


@dataclass
class ScriptedRealm:
    """The state of the realm, and what HQ answers."""

    server: ScriptedServer
    seconds: float = 300
    # What each request for tokens gets; None for new tokens.
    token_replies: list[Reply | None] = field(default_factory=list)
    device: dict[str, Any] = field(default_factory=dict)
    device_reply: Reply | None = None
    hq: Callable[[Request], Reply | None] = lambda _: None
    valid: set[str] = field(default_factory=set)
    skew: float = 0  # seconds by which the clocks of realm and HQ differ from the client's
    _number: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.server.reply = self.reply
        self.url = f"http://127.0.0.1:{self.server.port}"

    @property
    def forms(self) -> list[dict[str, str]]:
        """Return the forms of the requests for tokens."""
        return [each.body for each in self.server.seen if each.path == f"{REALM}/token"]

    def reply(self, request: Request) -> Reply:
        """Answer a request to the realm or to HQ."""
        if request.path == f"{REALM}/auth/device":
            code = {
                "device_code": "the-device-code",
                "user_code": "ABCD-EFGH",
                "verification_uri": f"{self.url}/realms/vantage6/device",
                "verification_uri_complete": f"{self.url}/realms/vantage6/device?user_code=ABCD",
                "expires_in": 600,
                "interval": 5,
            }
            found = {**code, **self.device}
            kept = {name: value for name, value in found.items() if value is not None}
            return self.device_reply or (200, kept)
        if request.path == f"{REALM}/logout":
            return 204, b""
        if request.path == f"{REALM}/token":
            reply = self.token_replies.pop(0) if self.token_replies else None
            is_program = request.body["grant_type"] == "client_credentials"
            return reply or self.tokens(has_refresh=not is_program)
        if request.path.startswith("/realms/"):
            return 404, {"error": "Realm does not exist"}
        if request.path == "/hq/version":
            return 200, {"version": "5.0.3"}
        if not request.path.startswith("/hq/"):
            return 404, b"<html>nothing here</html>"
        if (request.authorization or "").removeprefix("Bearer ") not in self.valid:
            return 401, {"msg": "Token has expired" if request.authorization else "no token"}
        if request.path == "/hq/user/me":
            return 200, USER
        if request.path == "/hq/organization/3" and request.method == "GET":
            return 200, {"id": 3, "name": "IKNL", "public_key": ""}
        return self.hq(request) or (404, {"msg": "not found"})

    def tokens(self, *, has_refresh: bool = True) -> Reply:
        """Return new tokens, the only ones that are valid from now on."""
        number, now = next(self._number), time.time() + self.skew
        access = token(now, now + self.seconds, mark=f"access-{number}")
        self.valid = {access}
        return 200, {
            "access_token": access,
            **({"refresh_token": f"refresh-{number}"} if has_refresh else {}),
            "expires_in": self.seconds,
        }
