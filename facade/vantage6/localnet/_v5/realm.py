"""The realm of the network, in Keycloak's representation, for the stand-in and for a real one."""

import json
from dataclasses import dataclass

from vantage6.bindings.secret import Secret

REALM = "vantage6"
# Client of users, with the device flow; its name is that of the official chart.
PUBLIC_CLIENT = "public_client"
# Client with the password grant, which the chart's client lacks.
LOCAL_CLIENT = "localnet"
# Client of HQ and of the store, for the admin API.
ADMIN_CLIENT = "backend-admin-client"
_ADMIN_ROLES = ["view-users", "manage-users", "view-clients", "manage-clients", "create-client"]
_DAY = 24 * 3600


@dataclass(frozen=True)
class Lifetimes:
    """Lifetimes in seconds: of access tokens, unused sessions, sessions and device codes."""

    # A month: longer than any network runs, so that no script has to log in again.
    access: int = 30 * _DAY
    idle: int = 60 * _DAY
    session: int = 60 * _DAY
    device: int = 600
    poll: int = 5
    with_rotation: bool = False  # as in the official chart: refresh tokens can be used again


def realm(lifetimes: Lifetimes, root: str, password: Secret, admin_secret: Secret) -> Secret:
    """Return the realm as JSON, as the official chart makes it, with one user."""
    document = {
        "realm": REALM,
        "enabled": True,
        "sslRequired": "none",  # the network is on the loopback interface
        "accessTokenLifespan": lifetimes.access,
        "ssoSessionIdleTimeout": lifetimes.idle,
        "ssoSessionMaxLifespan": lifetimes.session,
        "oauth2DeviceCodeLifespan": lifetimes.device,
        "oauth2DevicePollingInterval": lifetimes.poll,
        "revokeRefreshToken": lifetimes.with_rotation,
        "editUsernameAllowed": False,
        "clients": [
            _public_client(PUBLIC_CLIENT, device=True),
            _public_client(LOCAL_CLIENT, password=True),
            {
                "clientId": ADMIN_CLIENT,
                "publicClient": False,
                "secret": admin_secret,
                "serviceAccountsEnabled": True,
                "standardFlowEnabled": False,
            },
        ],
        "users": [
            {
                "username": root,
                "enabled": True,
                "email": f"{root}@example.org",
                "firstName": root.capitalize(),
                "lastName": "Demo",
                "credentials": [{"type": "password", "value": password}],
                "realmRoles": [f"default-roles-{REALM}"],
            },
            {
                "username": f"service-account-{ADMIN_CLIENT}",
                "enabled": True,
                "serviceAccountClientId": ADMIN_CLIENT,
                "clientRoles": {"realm-management": _ADMIN_ROLES},
            },
        ],
        "components": {
            "org.keycloak.userprofile.UserProfileProvider": [
                {
                    "providerId": "declarative-user-profile",
                    "config": {"kc.user.profile.config": [json.dumps(_profile())]},
                }
            ]
        },
    }
    return Secret(json.dumps(document))


def _public_client(name: str, *, device: bool = False, password: bool = False) -> object:
    """Return a client for users, whose tokens say so."""
    return {
        "clientId": name,
        "publicClient": True,
        "standardFlowEnabled": device,
        "directAccessGrantsEnabled": password,
        "redirectUris": ["http://localhost:7600/*"] if device else [],
        "webOrigins": ["+"],
        "attributes": {"oauth2.device.authorization.grant.enabled": str(device).lower()},
        "protocolMappers": [
            {
                "name": "vantage6_client_type",
                "protocol": "openid-connect",
                "protocolMapper": "oidc-hardcoded-claim-mapper",
                "config": {
                    "claim.name": "vantage6_client_type",
                    "claim.value": "user",
                    "access.token.claim": "true",
                },
            }
        ],
    }


def _profile() -> dict[str, object]:
    """Return the attributes of users: the usual ones, and the organization, which HQ sets."""
    both: dict[str, object] = {"view": ["admin", "user"], "edit": ["admin", "user"]}
    required: dict[str, object] = {"required": {"roles": ["user"]}, "permissions": both}
    return {
        "attributes": [
            {"name": "username", "permissions": both},
            {"name": "email", **required},
            {"name": "firstName", **required},
            {"name": "lastName", **required},
            {"name": "organization_id", "permissions": {**both, "edit": ["admin"]}},
        ]
    }
