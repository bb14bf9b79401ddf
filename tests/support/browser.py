"""A browser for the pages of an identity provider: the stand-in's, and those of a real Keycloak."""

import threading
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from typing import NamedTuple

import httpx

from vantage6.client import DeviceCode
from vantage6.localnet import LocalNetwork


class Form(NamedTuple):
    """A form of a page."""

    action: str
    method: str
    fields: dict[str, str]
    buttons: list[tuple[str, str]]


class Forms(HTMLParser):
    """Finds the forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, fields and buttons."""
        given = {name: value or "" for name, value in attrs}
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "form":
            method = given.get("method", "get").lower()
            self.found.append(Form(given.get("action", ""), method, {}, []))
        elif self.found and (tag == "button" or given.get("type") in ("submit", "button")):
            self.found[-1].buttons.append((name, value))
        elif self.found and tag == "input" and name:
            self.found[-1].fields[name] = value


class Browser:
    """A person who opens an address, fills in forms and presses buttons."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.client = httpx.Client(
            trust_env=False,
            follow_redirects=True,
            timeout=60,
            headers={"Accept": "text/html"},
            event_hooks={"response": [self._trust_loopback]},
        )

    def _trust_loopback(self, _response: httpx.Response) -> None:
        """Send secure cookies to the loopback interface, as browsers do."""
        for cookie in self.client.cookies.jar:
            cookie.secure = False

    def open(self, address: str, *, deny: bool = False) -> str:
        """Go on until there are no more forms; return the last page."""
        with self.client:
            return self._fill_in(address, deny=deny)

    def _fill_in(self, address: str, *, deny: bool) -> str:
        page = self.client.get(address)
        for _ in range(6):
            assert page.status_code in (200, 400), page.text
            forms = [form for form in Forms(page.text).found if form.method == "post"]
            if not forms:
                return page.text
            form = forms[0]
            values = {name: self.answers.get(name, value) for name, value in form.fields.items()}
            refusals = [button for button in form.buttons if {*button} & {"cancel", "deny", "No"}]
            chosen = refusals[:1] if deny and refusals else form.buttons[:1]
            values.update({name: value for name, value in chosen if name})
            page = self.client.post(page.url.join(form.action), data=values)
            if "Invalid username" in page.text or "Invalid code" in page.text:
                return page.text
        raise AssertionError(page.text)


def browse(network: LocalNetwork, username: str, code: DeviceCode, *, deny: bool = False) -> None:
    """Enter a code as a user does in a browser."""
    password = str(network.users[username].password)
    browser = Browser(username=username, password=password, device_user_code=code.user_code)
    browser.open(code.url_with_code or code.url, deny=deny)


def enter(
    network: LocalNetwork, username: str, *, deny: bool = False, seconds: float = 0.5
) -> Callable[[DeviceCode], object]:
    """Return a function that enters a code a moment later."""
    act = partial(browse, network, username, deny=deny)
    return lambda code: threading.Timer(seconds, act, [code]).start()
