"""Users, clients and login sessions of a realm, and the tokens that it signs; kept in one file."""

import base64
import functools
import hashlib
import hmac
import json
import os
import secrets
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Document = dict[str, Any]

# Without vowels and look-alikes, as people type them.
_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_KEY_BITS = 2048


class RequestError(Exception):
    """A response with an error status."""

    def __init__(self, status: int, **body: str) -> None:
        self.status = status
        self.body = body


def oauth_error(error: str, description: str, status: int = 400) -> RequestError:
    """Return an error of the token endpoint."""
    return RequestError(status, error=error, error_description=description)


@dataclass
class User:
    """A user, or the service account of a client."""

    id: str
    username: str
    enabled: bool = True
    profile: dict[str, str] = field(default_factory=dict[str, str])
    attributes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    roles: list[str] = field(default_factory=list[str])
    actions: list[str] = field(default_factory=list[str])
    password: str = ""  # salt and hash
    client: str | None = None  # id of the client, for a service account

    def set_password(self, value: str, *, temporary: bool) -> None:
        """Set the password; a temporary one must be changed at the first login."""
        salt = secrets.token_hex(8)
        self.password = f"{salt}:{_password_hash(salt, value)}"
        self.actions = [action for action in self.actions if action != "UPDATE_PASSWORD"]
        self.actions += ["UPDATE_PASSWORD"] * temporary

    def has_password(self, value: str) -> bool:
        """Return whether a password is right."""
        salt, _, known = self.password.partition(":")
        return bool(known) and hmac.compare_digest(_password_hash(salt, value), known)

    @property
    def is_set_up(self) -> bool:
        """Whether nothing has to be filled in at the next login."""
        return not self.actions and {"email", "firstName", "lastName"} <= self.profile.keys()

    def representation(self) -> Document:
        """Return the user as the admin API does."""
        return {
            "id": self.id,
            "username": self.username,
            "enabled": self.enabled,
            "emailVerified": False,
            **self.profile,
            **({"attributes": self.attributes} if self.attributes else {}),
            "requiredActions": self.actions,
            "totp": False,
            "notBefore": 0,
        }

    def update(self, document: Document) -> None:
        """Change what a representation names."""
        self.enabled = document.get("enabled", self.enabled)
        for name in ("email", "firstName", "lastName"):
            if document.get(name):
                self.profile[name] = document[name]
        if "attributes" in document:
            self.attributes = dict(document["attributes"] or {})
        self.actions = list(document.get("requiredActions", self.actions))
        for credential in document.get("credentials", ()):
            temporary = bool(credential.get("temporary"))
            self.set_password(credential["value"], temporary=temporary)


@dataclass
class Client:
    """A program that logs users in, or that logs in itself with a secret."""

    id: str
    name: str
    public: bool
    secret: str = ""
    enabled: bool = True
    with_device: bool = False
    with_password: bool = False
    with_service_account: bool = False
    claims: dict[str, str] = field(default_factory=dict[str, str])

    def representation(self) -> Document:
        """Return the client as the admin API does."""
        return {
            "id": self.id,
            "clientId": self.name,
            "enabled": self.enabled,
            "publicClient": self.public,
            "serviceAccountsEnabled": self.with_service_account,
            "directAccessGrantsEnabled": self.with_password,
            **({} if self.public else {"secret": self.secret}),
        }


@dataclass
class Session:
    """A login of a user by a client, continued with refresh tokens."""

    id: str
    user: str
    client: str
    started: float
    used: float
    number: int = 0  # of its last refresh token


@dataclass
class DeviceCode:
    """A device flow in progress."""

    code: str
    user_code: str
    client: str
    created: float
    scope: str = ""
    polled: float = 0.0
    user: str | None = None
    is_denied: bool = False


@dataclass
class Realm:
    """All that the identity provider knows."""

    name: str
    access_seconds: int
    idle_seconds: int
    session_seconds: int
    device_seconds: int
    poll_seconds: int
    with_rotation: bool
    key: str
    refresh_secret: str = field(default_factory=lambda: secrets.token_hex(32))
    users: dict[str, User] = field(default_factory=dict[str, User])
    clients: dict[str, Client] = field(default_factory=dict[str, Client])
    sessions: dict[str, Session] = field(default_factory=dict[str, Session])
    devices: dict[str, DeviceCode] = field(default_factory=dict[str, DeviceCode])

    @classmethod
    def from_representation(cls, document: Document) -> "Realm":
        """Create a realm as Keycloak imports it."""
        private_key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        realm = cls(
            name=document["realm"],
            access_seconds=document["accessTokenLifespan"],
            idle_seconds=document["ssoSessionIdleTimeout"],
            session_seconds=document["ssoSessionMaxLifespan"],
            device_seconds=document["oauth2DeviceCodeLifespan"],
            poll_seconds=document["oauth2DevicePollingInterval"],
            with_rotation=document["revokeRefreshToken"],
            key=private_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ).decode(),
        )
        for client in document["clients"]:
            realm.add_client(client)
        for user in document["users"]:
            if "serviceAccountClientId" in user:
                account = realm.user_named(user["username"])
                if account is not None:
                    account.roles = user["clientRoles"]["realm-management"]
            else:
                realm.add_user(user)
        return realm

    @classmethod
    def load(cls, path: Path) -> "Realm":
        """Read a realm from its file."""
        document = json.loads(path.read_text())
        kinds = {"users": User, "clients": Client, "sessions": Session, "devices": DeviceCode}
        for name, kind in kinds.items():
            document[name] = {key: kind(**value) for key, value in document[name].items()}
        return cls(**document)

    def save(self, path: Path) -> None:
        """Write the realm to its file, which another start reads."""
        draft = path.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file)
        draft.replace(path)

    # -- users and clients -------------------------------------------------------------------------
    def user_named(self, username: str) -> User | None:
        """Return the user of a name, in whatever case."""
        name = username.lower()
        return next((user for user in self.users.values() if user.username == name), None)

    def client_named(self, name: str) -> Client | None:
        """Return the client of a name."""
        return next((client for client in self.clients.values() if client.name == name), None)

    def add_user(self, document: Document) -> User:
        """Create a user from its representation."""
        username = str(document["username"]).lower()
        if self.user_named(username):
            raise RequestError(409, errorMessage="User exists with same username")
        user = User(str(uuid.uuid4()), username, enabled=False)
        user.update(document)
        self.users[user.id] = user
        return user

    def add_client(self, document: Document) -> Client:
        """Create a client from its representation, with the user of its service account."""
        name = document["clientId"]
        if self.client_named(name):
            raise RequestError(409, errorMessage=f"Client {name} already exists")
        mappers = [
            mapper["config"]
            for mapper in document.get("protocolMappers", ())
            if mapper["protocolMapper"] == "oidc-hardcoded-claim-mapper"
        ]
        device = document.get("attributes", {}).get("oauth2.device.authorization.grant.enabled")
        client = Client(
            id=str(uuid.uuid4()),
            name=name,
            public=document.get("publicClient", False),
            secret=document.get("secret") or new_secret(),
            enabled=document.get("enabled", True),
            with_device=device == "true",
            with_password=document.get("directAccessGrantsEnabled", False),
            with_service_account=document.get("serviceAccountsEnabled", False),
            claims={config["claim.name"]: config["claim.value"] for config in mappers},
        )
        self.clients[client.id] = client
        if client.with_service_account:
            user = self.add_user({"username": f"service-account-{name}", "enabled": True})
            user.client = client.id
        return client

    def delete_user(self, id_: str) -> None:
        """Delete a user and their sessions."""
        del self.users[id_]
        self.end_sessions(id_)

    def delete_client(self, id_: str) -> None:
        """Delete a client and the user of its service account."""
        del self.clients[id_]
        for user in [user for user in self.users.values() if user.client == id_]:
            self.delete_user(user.id)

    def service_account(self, client: Client) -> User | None:
        """Return the user of a client's service account."""
        return next((user for user in self.users.values() if user.client == client.id), None)

    # -- sessions and tokens -----------------------------------------------------------------------
    def start_session(self, user: User, client: Client) -> Session:
        """Log a user in."""
        now = time.time()
        session = Session(str(uuid.uuid4()), user.id, client.id, now, now)
        self.sessions[session.id] = session
        return session

    def end_sessions(self, user: str) -> None:
        """Log a user out everywhere."""
        ended = [session.id for session in self.sessions.values() if session.user == user]
        for id_ in ended:
            del self.sessions[id_]

    def is_active(self, session: Session) -> bool:
        """Return whether a session can still be continued."""
        return time.time() < self._session_end(session)

    def _session_end(self, session: Session) -> float:
        """Return the time at which a session ends if it is not used."""
        return min(session.used + self.idle_seconds, session.started + self.session_seconds)

    def session_tokens(self, session: Session, issuer: str, scope: str) -> Document:
        """Return new tokens for a session."""
        user, client = self.users[session.user], self.clients[session.client]
        session.number += 1
        seconds = max(0, round(self._session_end(session) - time.time()))
        return {
            **self.access_token(user, client, issuer, scope, session.id),
            "refresh_expires_in": seconds,
            "refresh_token": self.refresh_token(session),
            "session_state": session.id,
        }

    def refresh_token(self, session: Session) -> str:
        """Return the last refresh token of a session."""
        text = f"{session.id}.{session.number}"
        return f"{text}.{self._signature(text)}"

    def session_of(self, refresh_token: str) -> tuple[Session, int]:
        """Return the session of a refresh token, and the number of the token."""
        text, _, signature = refresh_token.rpartition(".")
        id_, _, number = text.rpartition(".")
        if not hmac.compare_digest(self._signature(text), signature):
            raise oauth_error("invalid_grant", "Invalid refresh token")
        session = self.sessions.get(id_)
        if session is None or session.user not in self.users or session.client not in self.clients:
            raise oauth_error("invalid_grant", "Session not active")
        if not self.is_active(session):
            raise oauth_error("invalid_grant", "Token is not active")
        return session, int(number)

    def _signature(self, text: str) -> str:
        """Return the signature of a refresh token."""
        return hmac.new(self.refresh_secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def access_token(
        self, user: User, client: Client, issuer: str, scope: str, session: str | None = None
    ) -> Document:
        """Return an access token for a user."""
        now = int(time.time())
        profile = {
            "email": user.profile.get("email"),
            "given_name": user.profile.get("firstName"),
            "family_name": user.profile.get("lastName"),
        }
        claims: Document = {
            "exp": now + self.access_seconds,
            "iat": now,
            "jti": str(uuid.uuid4()),
            "iss": issuer,
            "aud": "account",
            "sub": user.id,
            "typ": "Bearer",
            "azp": client.name,
            **({"sid": session} if session else {}),
            "scope": scope,
            "preferred_username": user.username,
            **{name: value for name, value in profile.items() if value},
            **client.claims,
        }
        id_claims = {**claims, "aud": client.name, "typ": "ID"}
        return {
            "access_token": self._sign(claims),
            **({"id_token": self._sign(id_claims)} if "openid" in scope.split() else {}),
            "expires_in": self.access_seconds,
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": scope,
        }

    def _sign(self, claims: Document) -> str:
        """Return a signed JWT."""
        header = {"alg": "RS256", "typ": "JWT", "kid": self.key_id}
        text = f"{_encode(json.dumps(header).encode())}.{_encode(json.dumps(claims).encode())}"
        signature = self._private_key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_encode(signature)}"

    def user_of(self, token: str) -> tuple[User, str]:
        """Return the user of a valid access token, and its scope."""
        unauthorized = RequestError(401, error="HTTP 401 Unauthorized")
        text, _, signature = token.rpartition(".")
        try:
            public_key = self._private_key.public_key()
            public_key.verify(
                _decode(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            claims: Document = json.loads(_decode(text.partition(".")[2]))
        except Exception:  # whatever is wrong with it
            raise unauthorized from None
        user = self.users.get(claims["sub"])
        if claims["exp"] <= time.time() or user is None or not user.enabled:
            raise unauthorized
        if "sid" in claims and claims["sid"] not in self.sessions:
            raise unauthorized
        return user, claims["scope"]

    @functools.cached_property
    def _private_key(self) -> rsa.RSAPrivateKey:
        """The key that signs tokens; to load one takes longer than to sign with it."""
        key = serialization.load_pem_private_key(self.key.encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("expected an RSA key")
        return key

    @property
    def public_key(self) -> str:
        """The public key in base64, without the lines of PEM."""
        der = self._private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    @property
    def key_id(self) -> str:
        """Id of the key."""
        return _encode(hashlib.sha256(self.public_key.encode()).digest())

    def key_set(self) -> Document:
        """Return the keys as a JSON Web Key Set."""
        numbers = self._private_key.public_key().public_numbers()
        encoded = {
            name: _encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
            for name, value in (("n", numbers.n), ("e", numbers.e))
        }
        return {
            "keys": [
                {"kid": self.key_id, "kty": "RSA", "alg": "RS256", "use": "sig", **encoded},
            ]
        }

    # -- device flow -------------------------------------------------------------------------------
    def start_device_flow(self, client: Client, scope: str) -> DeviceCode:
        """Start a device flow."""
        letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(8))
        device = DeviceCode(
            secrets.token_urlsafe(32), f"{letters[:4]}-{letters[4:]}", client.id, time.time(), scope
        )
        self.devices[device.code] = device
        return device

    def device_with(self, user_code: str) -> DeviceCode | None:
        """Return the device flow of a user code that is still valid."""
        wanted = user_code.strip().upper()
        found = (device for device in self.devices.values() if device.user_code == wanted)
        device = next(found, None)
        return device if device and not self.is_expired(device) else None

    def is_expired(self, device: DeviceCode) -> bool:
        """Return whether a device flow has taken too long."""
        return time.time() >= device.created + self.device_seconds


def new_secret() -> str:
    """Return a new secret of a client."""
    return secrets.token_urlsafe(24)


def _password_hash(salt: str, value: str) -> str:
    """Return the hash of a password, quickly: the realm lives as long as its network."""
    return hashlib.scrypt(value.encode(), salt=salt.encode(), n=2**10, r=8, p=1).hex()


def _encode(data: bytes) -> str:
    """Encode as base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Decode base64 for URLs without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
