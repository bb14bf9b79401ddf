# Derived by unasync.py: edit tests/live/_async/test_lost_responses.py instead.
"""Test that a task is found and created once if the response to its creation is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.tampering_proxy import TamperingProxy, tampering_proxy
from vantage6.client import Client, TaskCreationUncertainError, Timeouts
from vantage6.client._utils.pauses import Backoff
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

TASK: dict[str, Any] = {
    "name": "once",
    "image": "harbor2.vantage6.ai/demo/average",
    "description": "and no more",
    "databases": "default",
    "collaboration": 1,
    "method": "partial_average",
    "kwargs": {"column_name": "age"},
}


@pytest.fixture(autouse=True)
def _looks_are_near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "vantage6.client._sync.tasks.create.LOST_RESPONSE", Backoff((0.2, 0.4, 0.8, 1.0))
    )


@contextmanager
def logged_in(network: LocalNetwork, proxy: TamperingProxy) -> Iterator[Client]:
    with Client("http://127.0.0.1", proxy.port, log_level=None) as client:
        user = network.users["researcher"]
        client.authenticate(user.username, user.password)
        # A login is not tried again, so it may take its time; what else comes late is looked for.
        yield client.with_options(timeout=Timeouts(read=2, total=90))


@pytest.mark.parametrize("lost", ["cut", "late", 502])
def test_task_with_lost_response_is_found(network: LocalNetwork, lost: str | int) -> None:
    with tampering_proxy(network.port) as proxy:
        with logged_in(network, proxy) as client:
            before = client.task.create([1, 2], **TASK)
            proxy.task_response = lost
            task = client.task.create([1, 2], **TASK)
            again = client.task.create([1, 2], **TASK)
            other = client.task.create([1], **TASK)
            proxy.task_response = None
            newest = [row["id"] for row in (client.task.list(page=1, per_page=4))["data"]]
    assert [other["id"], again["id"], task["id"], before["id"]] == newest, "each is one's own"
    assert len(proxy.tasks) == 4, "each was asked for once"
    assert task["name"] == "once"


def test_encrypted_task_differs_from_its_twin(encrypted_network: LocalNetwork) -> None:
    key = encrypted_network.organizations[0].private_key
    with tampering_proxy(encrypted_network.port) as proxy:
        with logged_in(encrypted_network, proxy) as client:
            client.setup_encryption(key)
            proxy.task_response = "cut"
            one, two = [client.task.create([1, 2, 3], **TASK) for _ in range(2)]
            assert one["id"] < two["id"]
    assert len(proxy.tasks) == 2


def test_task_that_cannot_be_found_raises(
    network: LocalNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hide(path: str, said: Any) -> None:
        if path == "/api/task":
            said["data"] = []

    with tampering_proxy(network.port) as proxy:
        with logged_in(network, proxy) as client:
            proxy.task_response, proxy.tamper = "cut", hide
            with pytest.raises(
                TaskCreationUncertainError, match=r"task\.list\(name='once'\)"
            ) as caught:
                client.task.create([1, 2], **TASK)
    assert len(proxy.tasks) == 1
    assert caught.value.name == "once"
