"""Test that every known bug still exists; a fixed one has to leave the list."""

from typing import Any

import httpx
import pytest

from .sandbox import KNOWN_BUGS, Sandbox

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
def test_known_bug_still_exists(
    service: str, bug: dict[str, Any], shown: str, sandbox: Sandbox
) -> None:
    service = sandbox[service]
    method, path, content = [*shown.split(maxsplit=2), ""][:3]
    operation = service.truth.operation(method, path.partition("?")[0])
    request = httpx.Request(
        method,
        f"{service.url}{service.truth.api_path}{path}",
        content=content or None,
        headers={"Content-Type": "application/json"} if content else None,
    )
    response = service.ask(operation, request, bug.get("caller"))
    # Some bugs are what a success says.
    faults = [*service.truth.faults(operation, response), response.text]
    assert response.status_code == bug["status"], f"{response.text}: is the bug gone?"
    assert any(bug["says"] in fault for fault in faults), faults
