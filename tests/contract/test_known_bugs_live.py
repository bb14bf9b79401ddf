"""Every bug in the list is there: one that is gone must leave the list."""

from typing import Any

import httpx
import pytest
from ground import KNOWN_BUGS, Site

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("service", "bug", "shown"),
    [
        pytest.param(service, bug, shown, id=f"{service} {shown}")
        for service, bugs in KNOWN_BUGS.items()
        for bug in bugs
        for shown in bug["requests"]
    ],
)
def test_the_bug_is_still_there(
    service: str, bug: dict[str, Any], shown: str, ground: dict[str, Site]
) -> None:
    site = ground[service]
    method, path, content = [*shown.split(maxsplit=2), ""][:3]
    operation = site.truth.operation(method, path.partition("?")[0])
    request = httpx.Request(
        method,
        f"{site.url}{site.truth.api_path}{path}",
        content=content or None,
        headers={"Content-Type": "application/json"} if content else None,
    )
    response = site.ask(operation, request)
    faults = list(site.truth.faults(operation, response))
    assert response.status_code == bug["status"], f"{response.text}: is the bug gone?"
    assert any(bug["says"] in fault for fault in faults), faults
