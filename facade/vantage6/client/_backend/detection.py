"""Choose the backend of a client, and explain a server of the other generation."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ..errors import ConfigurationError, Vantage6Error
from .versions import NUMBERS

if TYPE_CHECKING:
    from .._auth.realm import Realm
    from .._http.address import Address
    from .protocol import Backend

# Where the API of a server is, as it is usually installed.
PATHS = ("/hq", "/api", "")


def backend_of(realm: Realm | None) -> Backend:
    """Return the backend of a server: users log in at a realm from version 5 on."""
    # Each backend imports the bindings of its generation.
    if realm:
        from .v5 import V5

        return V5(realm)
    from .v4 import V4

    return V4()


def explain_generation(
    address: Address, realm: Realm | None
) -> Generator[str, object, Vantage6Error | None]:
    """Yield the addresses to ask for a version; return the error that says what to write."""
    for path in dict.fromkeys((address.path, *PATHS)):
        at = replace(address, path=path)
        body = yield at.url
        version = cast("Mapping[str, object]", body).get("version") if body else None
        numbers = NUMBERS.match(version) if isinstance(version, str) else None
        if not numbers:
            continue
        is_hq = int(numbers[1]) >= 5
        if is_hq and realm is None:
            return ConfigurationError(
                f"auth_url: expected the address of a Keycloak, because the server at {at.url} is "
                f"HQ {numbers[0]}, got None. Write Client({at.url!r}, auth_url=...). The operator "
                "of the server knows the address."
            )
        if realm and not is_hq:
            return ConfigurationError(
                f"auth_url: expected None, because the server at {at.url} has version "
                f"{numbers[0]}, got {realm.url}. Write Client({at.url!r}) and log in with your "
                "username and password."
            )
        if path == address.path:
            return None
        more = ", auth_url=..." if realm else ""
        return ConfigurationError(
            f"host, path: expected {at.url}, where the API of this server is, got {address.url}. "
            f"Write Client({at.url!r}{more})."
        )
    return None
