# Derived by unasync.py: edit tests/replay/_async/test_interrupted_downloads.py instead.
"""Test downloads that are interrupted, changed or not a blob at all."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer, with_login
from vantage6.client import (
    Client,
    ConnectionFailedError,
    InvalidResponseError,
    NotFoundError,
    Timeouts,
    TransportError,
)
from vantage6.client._encryption.blobs import BlobUpload
from vantage6.client._encryption.keys import load_private_key, public_key_of
from vantage6.client._utils.pauses import Backoff

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

DATA = json.dumps("text " * 500_000).encode()
STREAM = {"content-type": "application/octet-stream"}
ROW = {"id": 1, "run": {"id": 1}, "result": "0b0e", "blob_storage_used": True}
BUSY: Reply = (503, b"")


@pytest.fixture
def client(
    server: ScriptedServer, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """Log in as a user with the key of an organization."""
    monkeypatch.setattr("vantage6.client._http.retry.RETRY", Backoff((0.0,)))
    own = {"id": 3, "name": "IKNL", "public_key": public_key(key_file)}
    with Client("http://127.0.0.1", server.port, log_level=None) as client:
        server.reply = with_login(lambda _: (200, own))
        client.authenticate("researcher", "secret")
        client.setup_encryption(key_file)
        yield client


def public_key(key_file: Path) -> str:
    return public_key_of(load_private_key(key_file.read_bytes()))


def send(server: ScriptedServer, *answers: Reply) -> None:
    """Answer in turn when the blob is asked for; the last answer is given ever after."""
    left = list(answers)

    def reply(request: Request) -> Reply:
        if request.path == "/api/blobstream/0b0e":
            return left.pop(0) if len(left) > 1 else left[0]
        return 200, ROW

    server.seen.clear()
    server.reply = with_login(reply)


def asked(server: ScriptedServer) -> int:
    return server.paths.count("GET /api/blobstream/0b0e")


def whole(blob: bytes) -> Reply:
    return 200, blob, STREAM


def torn(blob: bytes, length: int) -> Reply:
    """Send the beginning of a blob, so that it shows that more was to come."""
    told = {"content-length": str(len(blob)), "connection": "close"}
    return 200, blob[:length], {**STREAM, **told}


@pytest.mark.parametrize("is_sealed", [False, True], ids=["plain", "encrypted"])
def test_interrupted_download_is_resumed(
    client: Client, server: ScriptedServer, tmp_path: Path, key_file: Path, is_sealed: bool
) -> None:
    blob = b"".join(BlobUpload(DATA, public_key(key_file) if is_sealed else None))
    size = len(blob)
    for answers in (
        [torn(blob, 0)],
        [torn(blob, 1), torn(blob, size // 2), torn(blob, size - 1)],
        [torn(blob, size // 2), BUSY, torn(blob, 10)],
        [torn(blob, size // 2), whole(blob[: size // 3]), whole(b"")],
    ):
        send(server, *answers, whole(blob))
        told: list[int] = []
        file = client.result.save(
            1, tmp_path / "result.json", on_transfer=lambda n, _, to=told: to.append(n)
        )
        assert file
        assert file.read_bytes() == DATA
        assert asked(server) == len(answers) + 1
        assert told == sorted(set(told)), "what comes again is not counted again"
        assert told[-1] == size


def test_interrupted_download_is_retried_max_retries_times(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    blob = b"".join(BlobUpload(DATA, None))
    for max_retries in (0, 2):
        send(server, torn(blob, 1000), torn(blob, 3000), torn(blob, 2000))
        came = 3000 if max_retries else 1000
        with pytest.raises(ConnectionFailedError, match=f"the connection broke: .*; {came} bytes"):
            client.with_options(max_retries=max_retries).result.save(1, tmp_path / "result.json")
        assert asked(server) == max_retries + 1
    assert not (tmp_path / "result.json").exists()


def test_interrupted_download_is_not_retried_after_total_timeout(
    client: Client, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vantage6.client._http.retry.RETRY", Backoff((0.2, 0.8, 3.2, 10.0), jitter=0.5)
    )
    send(server, torn(b"".join(BlobUpload(DATA, None)), 1000))
    hurried = client.with_options(max_retries=1000, timeout=Timeouts(total=3))
    began = time.monotonic()
    with pytest.raises(TransportError, match="1000 bytes of the response had been received"):
        hurried.result.get(1)
    assert time.monotonic() - began < 30, "a thousand times take hours"
    assert 2 <= asked(server) < 10


def test_changed_blob_is_not_joined(
    client: Client, server: ScriptedServer, tmp_path: Path, key_file: Path
) -> None:
    one, other = (b"".join(BlobUpload(DATA, public_key(key_file))) for _ in range(2))
    assert len(one) == len(other), "nothing but what is in them tells them apart"
    for length in (1, 1000, len(one) // 2, len(one) - 1):
        strange = bytes([one[0] ^ 1]) + one[1:] if length == 1 else other
        send(server, torn(one, length), whole(strange))
        with pytest.raises(
            ConnectionFailedError, match=f"broke after {length} bytes.* not the same"
        ):
            client.result.save(1, tmp_path / "result.json")
        assert asked(server) == 2
    assert not (tmp_path / "result.json").exists()


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "x" * 5000])
def test_html_page_is_not_a_blob(client: Client, server: ScriptedServer, kind: str) -> None:
    page: Reply = (200, b"<!doctype html>Back soon" + b" " * 2**22, {"content-type": kind})
    blob = b"".join(BlobUpload(DATA, None))
    for answers in ([page], [torn(blob, 1000), page]):
        send(server, *answers)
        with pytest.raises(InvalidResponseError) as caught:
            client.result.get(1)
        assert f"blob: expected application/octet-stream, got '{kind[:90]}" in str(caught.value)
        assert str(caught.value.body).startswith("<!doctype html>Back soon")
        assert len(str(caught.value.body)) <= 2**20
        assert asked(server) == len(answers)


@pytest.mark.parametrize(
    "kind", [None, "application/octet-stream; x=y", "Application/Octet-Stream"]
)
def test_blob_without_content_type(
    client: Client, server: ScriptedServer, kind: str | None
) -> None:
    send(server, (200, b"Nw==", {"content-type": kind} if kind else {}))
    assert client.result.get(1) == "7"


def test_blob_deleted_during_download(client: Client, server: ScriptedServer) -> None:
    blob = b"".join(BlobUpload(DATA, None))
    send(server, torn(blob, 1000), (404, {"msg": "No run found"}))
    with pytest.raises(NotFoundError, match="No run found"):
        client.result.get(1)
