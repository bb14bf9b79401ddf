"""Stand-in for Keycloak: the addresses that HQ, store, nodes and clients ask, for one realm."""

# Usage: identity_provider.py CONFIGURATION, a JSON file with the port, the file that holds the
# state, and the realm in Keycloak's representation. Listens on the loopback interface only. Needs
# the standard library and cryptography.

import base64
import contextlib
import hmac
import html
import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, unquote, urlsplit

from realm_state import (
    Client,
    DeviceCode,
    Document,
    Realm,
    RequestError,
    User,
    new_secret,
    oauth_error,
)

HOST = "127.0.0.1"
Form = dict[str, str]
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# Roles that allow a request of the admin API.
_ADMIN_ROLES = {
    ("users", "GET"): {"view-users", "manage-users"},
    ("users", "other"): {"manage-users"},
    ("clients", "GET"): {"view-clients", "manage-clients"},
    ("clients", "POST"): {"manage-clients", "create-client"},
    ("clients", "other"): {"manage-clients"},
}
_PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in to $realm</title>
<style>body{font:16px sans-serif;max-width:22em;margin:4em auto}
label,input{display:block;margin:.5em 0}</style></head>
<body><h1>$title</h1><p role="status">$message</p>$form</body></html>
""")
_FIELD = Template(
    '<label>$label <input name="$name" type="$type" value="$value" autocomplete="off"></label>'
)


class IdentityProvider:
    """Answers requests for one realm."""

    def __init__(self, realm: Realm, state: Path, url: str) -> None:
        self.realm = realm
        self.issuer = f"{url}/realms/{realm.name}"
        self._state = state
        self.lock = threading.Lock()

    def save(self) -> None:
        """Write the realm to its file."""
        self.realm.save(self._state)

    # -- public addresses --------------------------------------------------------------------------
    def describe(self) -> Document:
        """Return what is public about the realm, with its key."""
        return {
            "realm": self.realm.name,
            "public_key": self.realm.public_key,
            "token-service": f"{self.issuer}/protocol/openid-connect",
            "account-service": f"{self.issuer}/account",
            "tokens-not-before": 0,
        }

    def discovery(self) -> Document:
        """Return the OpenID configuration."""
        base = f"{self.issuer}/protocol/openid-connect"
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/auth",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "end_session_endpoint": f"{base}/logout",
            "jwks_uri": f"{base}/certs",
            "device_authorization_endpoint": f"{base}/auth/device",
            "grant_types_supported": [
                "client_credentials",
                "password",
                "refresh_token",
                _DEVICE_GRANT,
            ],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    def user_info(self, token: str) -> Document:
        """Return the profile of the user of a token."""
        user, scope = self.realm.user_of(token)
        if "openid" not in scope.split():
            raise RequestError(403, error="insufficient_scope")
        return {"sub": user.id, "preferred_username": user.username, **user.profile}

    # -- tokens ------------------------------------------------------------------------------------
    def token(self, form: Form, authorization: str) -> Document:
        """Return tokens for any of the grants."""
        client = self._client(form, authorization)
        grants = {
            "password": self._password_grant,
            "client_credentials": self._client_grant,
            "refresh_token": self._refresh_grant,
            _DEVICE_GRANT: self._device_grant,
        }
        if "grant_type" not in form:
            raise oauth_error("invalid_request", "Missing form parameter: grant_type")
        grant = grants.get(form["grant_type"])
        if grant is None:
            raise oauth_error("unsupported_grant_type", "Unsupported grant_type")
        return grant(client, form)

    def _client(self, form: Form, authorization: str) -> Client:
        """Return the client of a request, whose secret must be right unless it is public."""
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization.startswith("Basic "):
            with contextlib.suppress(ValueError):
                pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
                name, secret = (unquote(part) for part in pair.split(":", 1))
        client = self.realm.client_named(name)
        if client is None or not client.enabled:
            message = "Invalid client or Invalid client credentials"
            raise oauth_error("invalid_client", message, 401)
        if not client.public and not hmac.compare_digest(secret.encode(), client.secret.encode()):
            message = "Invalid client or Invalid client credentials"
            raise oauth_error("unauthorized_client", message, 401)
        return client

    def _password_grant(self, client: Client, form: Form) -> Document:
        """Log a user in with a password."""
        if not client.with_password:
            message = "Client not allowed for direct access grants"
            raise oauth_error("unauthorized_client", message)
        user = self._user_with_password(form)
        if not user.is_set_up:
            raise oauth_error("invalid_grant", "Account is not fully set up")
        return self._start(user, client, form)

    def _user_with_password(self, form: Form) -> User:
        """Return the user whose name and password are in a form."""
        user = self.realm.user_named(form.get("username", ""))
        if user is None or not user.has_password(form.get("password", "")):
            raise oauth_error("invalid_grant", "Invalid user credentials")
        if not user.enabled:
            raise oauth_error("invalid_grant", "Account disabled")
        return user

    def _start(self, user: User, client: Client, form: Form) -> Document:
        """Start a session and return its tokens."""
        session = self.realm.start_session(user, client)
        tokens = self.realm.session_tokens(session, self.issuer, _scope(form))
        self.save()
        return tokens

    def _client_grant(self, client: Client, form: Form) -> Document:
        """Log in the service account of a client, without a session."""
        user = self.realm.service_account(client)
        if client.public or user is None:
            message = "Client not enabled to retrieve service account"
            raise oauth_error("unauthorized_client", message, 401)
        return self.realm.access_token(user, client, self.issuer, _scope(form))

    def _refresh_grant(self, client: Client, form: Form) -> Document:
        """Continue a session."""
        if "refresh_token" not in form:
            raise oauth_error("invalid_request", "No refresh token")
        session, number = self.realm.session_of(form["refresh_token"])
        if session.client != client.id:
            message = "Invalid refresh token. Token client and authorized client don't match"
            raise oauth_error("invalid_grant", message)
        if not self.realm.users[session.user].enabled:
            raise oauth_error("invalid_grant", "User disabled")
        if self.realm.with_rotation and number < session.number:
            # Someone else may have the token: nobody can go on with this session.
            del self.realm.sessions[session.id]
            self.save()
            raise oauth_error("invalid_grant", "Maximum allowed refresh token reuse exceeded")
        session.used = time.time()
        tokens = self.realm.session_tokens(session, self.issuer, _scope(form))
        self.save()
        return tokens

    def log_out(self, form: Form, authorization: str) -> None:
        """End the session of a refresh token."""
        self._client(form, authorization)
        session, _ = self.realm.session_of(form.get("refresh_token", ""))
        del self.realm.sessions[session.id]
        self.save()

    # -- device flow -------------------------------------------------------------------------------
    def start_device_flow(self, form: Form, authorization: str) -> Document:
        """Start a device flow, and return its codes and addresses."""
        client = self._client(form, authorization)
        if not client.with_device:
            message = "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant."
            message += " The flow is disabled for the client."
            raise oauth_error("unauthorized_client", message)
        device = self.realm.start_device_flow(client, form.get("scope", ""))
        self.save()
        page = f"{self.issuer}/device"
        return {
            "device_code": device.code,
            "user_code": device.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={device.user_code}",
            "expires_in": self.realm.device_seconds,
            "interval": self.realm.poll_seconds,
        }

    def _device_grant(self, client: Client, form: Form) -> Document:
        """Return the tokens of a device flow, once a user has allowed it."""
        device = self.realm.devices.get(form.get("device_code", ""))
        if device is None or device.client != client.id:
            raise oauth_error("invalid_grant", "Device code not valid")
        if self.realm.is_expired(device):
            raise oauth_error("expired_token", "Device code is expired")
        if device.is_denied:
            del self.realm.devices[device.code]
            raise oauth_error("access_denied", "The end user denied the authorization request")
        elapsed, device.polled = time.time() - device.polled, time.time()
        if elapsed < self.realm.poll_seconds - 0.5:  # the margin of a busy machine
            raise oauth_error("slow_down", "Slow down")
        if device.user is None:
            message = "The authorization request is still pending"
            raise oauth_error("authorization_pending", message)
        del self.realm.devices[device.code]
        return self._start(self.realm.users[device.user], client, {"scope": device.scope})

    def device_page(self, form: Form, *, submitted: bool) -> str:
        """Return the page on which a user allows a device flow, and handle what they entered."""
        typed = form.get("device_user_code", "")
        code = form.get("user_code") or typed
        device = self.realm.device_with(code)
        if not code:
            return self._page("Device login", "Enter the code from your device.", _code_form())
        if device is None:
            return self._page("Device login", "Invalid code, please try again.", _code_form())
        if not submitted or typed:
            return self._page("Sign in", "", _login_form(device))
        if form.get("decision") == "deny":
            device.is_denied = True
            self.save()
            return self._page("Device login", "Access was denied. Close this page.", "")
        try:
            user = self._user_with_password(form)
        except RequestError:
            return self._page("Sign in", "Invalid username or password.", _login_form(device))
        if not user.is_set_up:
            if not (form.get("new_password") and form.get("email")):
                message = "You need to update your account to continue."
                return self._page("Update account", message, _account_form(device, user))
            names = {name: form.get(name, "-") for name in ("email", "firstName", "lastName")}
            user.update({**names, "requiredActions": []})
            user.set_password(form["new_password"], temporary=False)
        device.user = user.id
        self.save()
        return self._page("Device login", "Device Login Successful. Close this page.", "")

    def _page(self, title: str, message: str, form: str) -> str:
        """Return a page."""
        realm = html.escape(self.realm.name)
        return _PAGE.substitute(realm=realm, title=title, message=message, form=form)

    # -- admin API ---------------------------------------------------------------------------------
    def admin(
        self, method: str, parts: list[str], query: Form, document: Document, token: str
    ) -> tuple[int, object, str | None]:
        """Handle a request of the admin API; return status, body and the id of what was created."""
        kind = parts[0]
        self._require_role(kind, method, self.realm.user_of(token)[0])
        match method, parts:
            case "GET", ["users"]:
                return 200, [user.representation() for user in self._find_users(query)], None
            case "POST", ["users"]:
                return 201, None, self.realm.add_user(document).id
            case "GET", ["clients"]:
                return 200, [client.representation() for client in self._find_clients(query)], None
            case "POST", ["clients"]:
                return 201, None, self.realm.add_client(document).id
            case _, ["users", id_, *rest]:
                if id_ not in self.realm.users:
                    raise RequestError(404, error="User not found")
                return (*self._manage_user(method, self.realm.users[id_], rest, document), None)
            case _, ["clients", id_, *rest]:
                if id_ not in self.realm.clients:
                    raise RequestError(404, error="Could not find client")
                return (*self._manage_client(method, self.realm.clients[id_], rest), None)
            case _:
                raise RequestError(404, error="HTTP 404 Not Found")

    def _require_role(self, kind: str, method: str, user: User) -> None:
        """Raise an error unless a user may make a request of the admin API."""
        roles = _ADMIN_ROLES.get((kind, method)) or _ADMIN_ROLES.get((kind, "other"))
        if roles is None:
            raise RequestError(404, error="HTTP 404 Not Found")
        if not roles & {*user.roles}:
            raise RequestError(403, error="HTTP 403 Forbidden")

    def _find_users(self, query: Form) -> list[User]:
        """Return the users that a query selects."""
        name = query.get("username", "").lower()
        users = list(self.realm.users.values())
        if query.get("exact", "").lower() == "true":
            users = [user for user in users if user.username == name]
        else:  # lists leave out service accounts
            users = [user for user in users if name in user.username and not user.client]
        first = int(query.get("first", 0))
        return users[first : first + int(query.get("max", 100))]

    def _find_clients(self, query: Form) -> list[Client]:
        """Return the clients that a query selects."""
        clients = list(self.realm.clients.values())
        if "clientId" in query:
            return [client for client in clients if client.name == query["clientId"]]
        return clients

    def _manage_user(
        self, method: str, user: User, rest: list[str], document: Document
    ) -> tuple[int, object]:
        """Read, change or delete a user."""
        match method, rest:
            case "GET", []:
                return 200, user.representation()
            case "PUT", []:
                user.update(document)
            case "DELETE", []:
                self.realm.delete_user(user.id)
            case "PUT", ["reset-password"]:
                temporary = bool(document.get("temporary"))
                user.set_password(document["value"], temporary=temporary)
            case "POST", ["logout"]:
                self.realm.end_sessions(user.id)
            case _:
                raise RequestError(404, error="HTTP 404 Not Found")
        return 204, None

    def _manage_client(self, method: str, client: Client, rest: list[str]) -> tuple[int, object]:
        """Read or delete a client, or renew its secret."""
        match method, rest:
            case "GET", []:
                return 200, client.representation()
            case "DELETE", []:
                self.realm.delete_client(client.id)
                return 204, None
            case "GET" | "POST", ["client-secret"]:
                if method == "POST":
                    client.secret = new_secret()
                return 200, {"type": "secret", "value": client.secret}
            case _:
                raise RequestError(404, error="HTTP 404 Not Found")


def _scope(form: Form) -> str:
    """Return the scope of new tokens."""
    asked = "openid " * ("openid" in form.get("scope", "").split())
    return f"{asked}profile email"


def _field(label: str, name: str, value: str = "") -> str:
    """Return a field of a form."""
    type_ = "password" if "password" in name else "hidden" if name == "user_code" else "text"
    shown = "" if type_ == "hidden" else label
    return _FIELD.substitute(label=shown, name=name, type=type_, value=html.escape(value))


def _code_form() -> str:
    """Return the form for a user code."""
    field = _field("Code", "device_user_code")
    return f'<form method="post">{field}<button>Submit</button></form>'


def _login_form(device: DeviceCode) -> str:
    """Return the form for name and password."""
    fields = (
        _field("", "user_code", device.user_code),
        _field("Username", "username"),
        _field("Password", "password"),
    )
    return (
        f'<form method="post">{"".join(fields)}'
        '<button name="decision" value="allow">Sign in</button> '
        '<button name="decision" value="deny">Deny</button></form>'
    )


def _account_form(device: DeviceCode, user: User) -> str:
    """Return the form for a new password and what else is missing."""
    fields = (
        _field("", "user_code", device.user_code),
        _field("Username", "username", user.username),
        _field("Current password", "password"),
        _field("New password", "new_password"),
        _field("Email", "email", user.profile.get("email", "")),
        _field("First name", "firstName", user.profile.get("firstName", "")),
        _field("Last name", "lastName", user.profile.get("lastName", "")),
    )
    return f'<form method="post">{"".join(fields)}<button>Submit</button></form>'


class Handler(BaseHTTPRequestHandler):
    """Handles the requests of one connection."""

    provider: IdentityProvider
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # send head and body of a response together
    timeout = 60.0

    def _handle(self) -> None:
        """Respond to a request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with self.provider.lock:
                self._route(body)
        except RequestError as error:
            self._respond(error.status, error.body)
        except (KeyError, ValueError, TypeError, AttributeError):
            self._respond(400, {"error": "invalid_request"})

    def _route(self, body: bytes) -> None:
        """Find what a path means, and respond."""
        # A page of another site must not reach this server by a name of its own.
        if (self.headers.get("Host") or "").partition(":")[0] not in (HOST, "localhost"):
            raise RequestError(403, error="HTTP 403 Forbidden")
        provider = self.provider
        target = urlsplit(self.path)
        parts = [unquote(part) for part in target.path.strip("/").split("/")]
        query, form = _parse(target.query), self._form(body)
        authorization = self.headers.get("Authorization") or ""
        token = authorization.removeprefix("Bearer ")
        name = provider.realm.name
        match self.command, parts:
            case "GET", ["realms", realm] if realm == name:
                self._respond(200, provider.describe())
            case "GET", ["realms", realm, ".well-known", "openid-configuration"] if realm == name:
                self._respond(200, provider.discovery())
            case method, ["realms", realm, "protocol", "openid-connect", *rest] if realm == name:
                self._protocol(method, rest, form, authorization)
            case "GET", ["realms", realm, "device"] if realm == name:
                self._respond(200, provider.device_page(query, submitted=False))
            case "POST", ["realms", realm, "device"] if realm == name:
                self._respond(200, provider.device_page({**query, **form}, submitted=True))
            case method, ["admin", "realms", realm, _, *_] if realm == name:
                document: Document = json.loads(body) if body else {}
                status, answer, id_ = provider.admin(method, parts[3:], query, document, token)
                if method != "GET":
                    provider.save()
                place = f"{provider.issuer.replace('/realms/', '/admin/realms/')}/{parts[3]}/{id_}"
                self._respond(status, answer, {"Location": place} if id_ else {})
            case _, ["realms" | "admin", *_]:
                raise RequestError(404, error="Realm does not exist")
            case _:
                raise RequestError(404, error="HTTP 404 Not Found")

    def _protocol(self, method: str, rest: list[str], form: Form, authorization: str) -> None:
        """Respond at the addresses of OpenID Connect."""
        provider = self.provider
        match method, rest:
            case "POST", ["token"]:
                self._respond(200, provider.token(form, authorization))
            case "POST", ["auth", "device"]:
                self._respond(200, provider.start_device_flow(form, authorization))
            case "POST", ["logout"]:
                provider.log_out(form, authorization)
                self._respond(204, None)
            case "GET", ["certs"]:
                self._respond(200, provider.realm.key_set())
            case "GET" | "POST", ["userinfo"]:
                self._respond(200, provider.user_info(authorization.removeprefix("Bearer ")))
            case _:
                raise RequestError(404, error="HTTP 404 Not Found")

    def _form(self, body: bytes) -> Form:
        """Return the fields of a form, if the body is one."""
        kind = self.headers.get("Content-Type") or ""
        if not kind.startswith("application/x-www-form-urlencoded"):
            return {}
        return _parse(body.decode())

    def _respond(self, status: int, body: object, headers: Form | None = None) -> None:
        """Send a response: JSON, or text as a page."""
        is_page = isinstance(body, str)
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        if body is None:
            content = b""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Type", "text/html" if is_page else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    # Method names that the base class looks up.
    do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Log the path without its query, which may hold a code."""
        path = self.path.partition("?")[0]
        sys.stderr.write(f"{self.command} {path} {args[1] if len(args) > 1 else ''}\n")


class Listener(ThreadingHTTPServer):
    """Listens on a port that the network holds."""

    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Share the port with the socket that holds it, which is of the same account."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


def _parse(query: str) -> Form:
    """Return the last value of each field."""
    return {name: values[-1] for name, values in parse_qs(query).items()}


def main(path: Path) -> None:
    """Serve a realm: that of the state if there is one, or else that of the configuration."""
    configuration: Document = json.loads(path.read_text())
    state = Path(configuration["state"])
    realm = (
        Realm.load(state) if state.exists() else Realm.from_representation(configuration["realm"])
    )
    realm.save(state)
    url = f"http://{HOST}:{configuration['port']}"
    Handler.provider = IdentityProvider(realm, state, url)
    Listener((HOST, configuration["port"]), Handler).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
