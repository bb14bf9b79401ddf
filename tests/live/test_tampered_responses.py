"""Test a proxy that tampers with keys: no input may go where it should not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.maybe_await import maybe_await
from tests.support.tampering_proxy import (
    TamperingProxy,
    hide_encryption,
    replace_public_key,
    tampering_proxy,
)
from vantage6.client import AsyncClient, Client, NotEncryptedError, PublicKeyChangedError
from vantage6.client._encryption.cipher import decrypt
from vantage6.client._encryption.keys import (
    fingerprint,
    generate_private_key,
    load_private_key,
    public_key_of,
)
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

EVIL = generate_private_key(2048)
TASK: dict[str, Any] = {
    "name": "average",
    "image": "harbor2.vantage6.ai/demo/average",
    "description": "",
    "databases": "default",
    "input_": {"method": "partial_average", "kwargs": {"column_name": "age"}},
    "collaboration": 1,
}


@pytest.fixture
def proxy(encrypted_network: LocalNetwork) -> Iterator[TamperingProxy]:
    with tampering_proxy(encrypted_network.port) as proxy:
        yield proxy


async def log_in(client: Client | AsyncClient, network: LocalNetwork) -> None:
    user = network.users["researcher"]
    await maybe_await(client.authenticate(user.username, user.password))
    await maybe_await(client.setup_encryption(network.private_keys[user.organization_id]))


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_replaced_key_is_noticed_before_anything_is_sent(
    encrypted_network: LocalNetwork, proxy: TamperingProxy, kind: type[Any], tmp_path: Path
) -> None:
    known = tmp_path / "known_organizations"
    client = kind("http://127.0.0.1", proxy.port, log_level=None, known_organizations=known)
    await log_in(client, encrypted_network)
    await maybe_await(client.task.create([2, 1], **TASK))
    before = fingerprint(
        public_key_of(load_private_key(encrypted_network.private_keys[2].read_bytes()))
    )
    assert await maybe_await(client.organization.fingerprint(2)) == before

    proxy.tamper = replace_public_key(2, public_key_of(EVIL))
    with pytest.raises(PublicKeyChangedError) as caught:
        await maybe_await(client.task.create([2, 1], **TASK))
    now = fingerprint(public_key_of(EVIL))
    assert (caught.value.known, caught.value.server) == (before, now)
    proxy.tamper = replace_public_key(1, public_key_of(EVIL))
    with pytest.raises(PublicKeyChangedError, match="your own organization"):
        await maybe_await(client.task.create([2], **TASK))
    assert len(proxy.tasks) == 1, "only the first went out"
    assert before in known.read_text()

    # What would have been read: the same client, told to believe the server, gives it away.
    proxy.tamper = replace_public_key(2, public_key_of(EVIL))
    careless = kind("http://127.0.0.1", proxy.port, log_level=None, trust="off")
    await log_in(careless, encrypted_network)
    await maybe_await(careless.task.create([2], **TASK))
    (stolen,) = proxy.tasks[-1]["organizations"]
    assert json.loads(decrypt(stolen["input"], EVIL)) == TASK["input_"]
    for each in (client, careless):
        await maybe_await(each.close())


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_nothing_is_sent_when_encryption_is_denied(
    encrypted_network: LocalNetwork, proxy: TamperingProxy, kind: type[Any], tmp_path: Path
) -> None:
    known = tmp_path / "known_organizations"
    client = kind("http://127.0.0.1", proxy.port, log_level=None, known_organizations=known)
    await log_in(client, encrypted_network)
    assert await maybe_await(client.collaboration.trust(1)) is True
    proxy.tamper = hide_encryption
    with pytest.raises(NotEncryptedError, match=r"collaboration\.trust\(1\)"):
        await maybe_await(client.task.create([2], **TASK))
    assert proxy.tasks == []
    await maybe_await(client.close())
