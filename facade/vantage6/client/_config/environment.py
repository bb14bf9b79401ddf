"""The environment variables that a connection is configured with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vantage6.bindings.secret import Secret

from .._encryption.key_files import KeySource, key_source

PREFIX = "VANTAGE6_"
# The name of a profile, and the file of all profiles.
PROFILE = "VANTAGE6_PROFILE"
PROFILES = "VANTAGE6_PROFILES"


@dataclass(frozen=True)
class Environment:
    """The values of the variables; None for one that is empty or not set."""

    server: str | None
    username: str | None
    password: Secret | None = field(repr=False)
    mfa_code: Secret | None = field(repr=False)
    collaboration: str | None
    private_key: KeySource | None
    private_key_passphrase: Secret | None = field(repr=False)
    ca: str | None
    auth_url: str | None
    auth_realm: str | None
    auth_client: str | None
    service_account: str | None
    client_secret: Secret | None = field(repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Environment:
        """Read the variables, which are called ``VANTAGE6_SERVER`` and so on."""

        def text(name: str) -> str | None:
            return environ.get(PREFIX + name) or None

        def secret(name: str) -> Secret | None:
            value = text(name)
            return None if value is None else Secret(value)

        key = text("PRIVATE_KEY")
        return cls(
            server=text("SERVER"),
            username=text("USERNAME"),
            password=secret("PASSWORD"),
            mfa_code=secret("MFA_CODE"),
            collaboration=text("COLLABORATION"),
            private_key=key_source(key, f"{PREFIX}PRIVATE_KEY") if key else None,
            private_key_passphrase=secret("PRIVATE_KEY_PASSPHRASE"),
            ca=text("CA"),
            auth_url=text("AUTH_URL"),
            auth_realm=text("AUTH_REALM"),
            auth_client=text("AUTH_CLIENT"),
            service_account=text("SERVICE_ACCOUNT"),
            client_secret=secret("CLIENT_SECRET"),
        )
