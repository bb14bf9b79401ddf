"""A server that lies, played by a proxy before a real one: no input goes where it should not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from either import done
from liar import Liar, deny_encryption, lying, swap_key

from vantage6.client import AsyncClient, Client, NotEncryptedError, PublicKeyChangedError
from vantage6.client._crypto import (
    decrypt,
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
def liar(encrypted_network: LocalNetwork) -> Iterator[Liar]:
    with lying(encrypted_network.port) as liar:
        yield liar


async def log_in(client: Client | AsyncClient, network: LocalNetwork) -> None:
    user = network.users["researcher"]
    await done(client.authenticate(user.username, user.password))
    await done(client.setup_encryption(network.private_keys[user.organization_id]))


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_a_swapped_key_is_noticed_before_anything_is_sent(
    encrypted_network: LocalNetwork, liar: Liar, kind: type[Any], tmp_path: Path
) -> None:
    known = tmp_path / "known_organizations"
    client = kind("http://127.0.0.1", liar.port, log_level=None, known_organizations=known)
    await log_in(client, encrypted_network)
    await done(client.task.create([2, 1], **TASK))
    before = fingerprint(
        public_key_of(load_private_key(encrypted_network.private_keys[2].read_bytes()))
    )
    assert await done(client.organization.fingerprint(2)) == before

    liar.lie = swap_key(2, public_key_of(EVIL))
    with pytest.raises(PublicKeyChangedError) as caught:
        await done(client.task.create([2, 1], **TASK))
    now = fingerprint(public_key_of(EVIL))
    assert (caught.value.known, caught.value.server) == (before, now)
    liar.lie = swap_key(1, public_key_of(EVIL))
    with pytest.raises(PublicKeyChangedError, match="your own organization"):
        await done(client.task.create([2], **TASK))
    assert len(liar.tasks) == 1, "only the first went out"
    assert before in known.read_text()

    # What would have been read: the same client, told to believe the server, gives it away.
    liar.lie = swap_key(2, public_key_of(EVIL))
    careless = kind("http://127.0.0.1", liar.port, log_level=None, trust="off")
    await log_in(careless, encrypted_network)
    await done(careless.task.create([2], **TASK))
    (stolen,) = liar.tasks[-1]["organizations"]
    assert json.loads(decrypt(stolen["input"], EVIL)) == TASK["input_"]
    for each in (client, careless):
        await done(each.close())


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_an_encrypted_collaboration_that_is_called_plain_gets_nothing(
    encrypted_network: LocalNetwork, liar: Liar, kind: type[Any], tmp_path: Path
) -> None:
    known = tmp_path / "known_organizations"
    client = kind("http://127.0.0.1", liar.port, log_level=None, known_organizations=known)
    await log_in(client, encrypted_network)
    assert await done(client.collaboration.trust(1)) is True
    liar.lie = deny_encryption
    with pytest.raises(NotEncryptedError, match=r"collaboration\.trust\(1\)"):
        await done(client.task.create([2], **TASK))
    assert liar.tasks == []
    await done(client.close())
