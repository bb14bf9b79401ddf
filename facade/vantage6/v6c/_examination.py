"""Examine the connection: address, certificates, login, key, stores and events."""

from __future__ import annotations

import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import _connection as connection
from ._diagnosis import (
    Check,
    check_clock,
    check_key,
    check_proxy,
    check_tls,
    check_versions,
)
from ._exit_codes import LOGIN, OK, USAGE, exit_code, hint, in_shell

if TYPE_CHECKING:
    from vantage6.client import Client, Profile

KEY = "VANTAGE6_PRIVATE_KEY"
SECONDS = 10.0
# What is passed to a client that a program makes, and not by `v6c login`.
CREDENTIALS = ("VANTAGE6_PASSWORD", "VANTAGE6_CLIENT_SECRET")


class Examination:
    """The checks, in the order in which each depends on those before it."""

    def __init__(self, options: connection.ConnectionOptions) -> None:
        self.options = options
        self.code = OK
        self._key = options.private_key or os.environ.pop(KEY, None)

    def checks(self) -> Iterator[Check]:
        """Yield the checks; end where nothing more can be found out."""
        from vantage6.client import profiles

        url = connection.resolve_server(self.options)
        if url is None:
            self.code = USAGE
            remedy = "log in with: v6c login, or set VANTAGE6_SERVER"
            yield Check("address", "failure", "no server is known", remedy)
            return
        profile = connection.resolve_profile(self.options, profiles())
        self._key = self._key or (profile.private_key if profile else None)
        yield check_proxy(
            url,
            urllib.request.getproxies(),
            profile.proxy if profile else None,
            is_bypassed=bool(urllib.request.proxy_bypass(urlsplit(url).netloc)),
        )
        verify = os.environ.get("VANTAGE6_CA") or (profile.verify if profile else True)
        found: list[str] = []

        def ask() -> Check:
            with connection.connect_anonymously(self.options) as client:
                found.append(client.util.get_server_version()["version"])
                return Check("address", "ok", f"{client.base_path} responds")

        yield self._tried("address", ask)
        if not found:
            return
        yield check_tls(url, verify)
        yield check_clock(_date(url, verify), time.time())
        yield check_versions(version("vantage6-sdk"), found[0])
        yield from self._with_login(url, profile)

    def _with_login(self, url: str, profile: Profile | None) -> Iterator[Check]:
        made: list[Client] = []

        def log_in() -> Check:
            try:
                made.append(self._client(url, profile))
            except LookupError as error:
                self.code = self.code or LOGIN
                return Check("login", "failure", str(error), "log in with: v6c login")
            who = made[0].whoami
            return Check("login", "ok", f"{who.name} of {who.organization_name}")

        yield self._tried("login", log_in)
        for client in made:
            with client:
                yield self._tried("key", partial(self._check_key, client))
                yield from self._stores(client)
                yield self._tried("events", partial(_check_events, client), state="warning")

    def _client(self, url: str, profile: Profile | None) -> Client:
        """Return a client that is logged in, without a prompt and without a key."""
        from vantage6.client import Client

        if not any(os.environ.get(name) for name in CREDENTIALS):
            return connection.connect_without_prompt(self.options)
        arguments: dict[str, Any] = {**self.options.client_arguments, "server": url}
        arguments.pop("private_key", None)
        connection.add_profile(arguments, profile)
        return Client.from_env(**arguments)

    def _check_key(self, client: Client) -> Check:
        own = client.organization.get(client.whoami.organization_id)
        rows = client.collaboration.list(fields=["encrypted"])
        check = check_key(
            has_key=self._key is not None,
            is_registered=bool(own["public_key"]),
            needs_key=any(row["encrypted"] for row in rows),
        )
        if check is None and self._key is not None:
            client.setup_encryption(self._key)
        return check or Check("key", "ok", "that of your organization")

    def _stores(self, client: Client) -> Iterator[Check]:
        try:
            rows = client.store.list()
        except Exception as error:
            yield self._failed("store", error, "warning")
            return
        if not rows:
            yield Check("store", "ok", "none is linked")
        for row in rows:
            # Without the login: it is only for the stores that a user chooses.
            url = (row["url"] or "").rstrip("/") + (row.get("api_path") or "")
            responds = _responds(url)
            text = "responds" if responds else f"does not respond at {url}"
            text = f"{row['name'] or ''!r} {text}"
            yield Check("store", "ok" if responds else "warning", text)

    def _tried(self, name: str, function: Callable[[], Check], state: str = "failure") -> Check:
        try:
            return function()
        except Exception as error:
            return self._failed(name, error, state)

    def _failed(self, name: str, error: Exception, state: str) -> Check:
        """Return the check for an error of the client; raise any other."""
        from vantage6.client import PermissionDeniedError, TLSError, Vantage6Error

        if isinstance(error, PermissionDeniedError):
            return Check(name, "unknown", "you may not view what tells it")
        if not isinstance(error, Vantage6Error | OSError):
            raise error
        if state == "failure":
            self.code = self.code or exit_code(type(error))
        name = "tls" if isinstance(error, TLSError) else name
        text = in_shell(str(error).partition("\n")[0], {})
        remedy = hint(type(error)) or ""
        return Check(name, "failure" if state == "failure" else "warning", text, remedy)


def _responds(url: str) -> bool:
    """Return whether something responds at an address that the server supplies, without a login."""
    if not url.lower().startswith(("http://", "https://")):  # urllib also opens files
        return False
    try:
        urllib.request.urlopen(f"{url.rstrip('/')}/version", timeout=SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, ValueError, HTTPException):
        return False
    return True


def _check_events(client: Client) -> Check:
    for _ in client.events(timeout=0.1):
        break
    return Check("events", "ok", "are received")


def _date(url: str, verify: object) -> str | None:
    """Return the `Date` of a response, if there is one."""
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if verify is False:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # no secret is sent
    with suppress(OSError, ValueError):
        opened = urllib.request.urlopen(f"{url}/version", timeout=SECONDS, context=context)  # noqa: S310
        with opened as response:
            return response.headers["Date"]
    return None
