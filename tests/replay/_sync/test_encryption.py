# Derived by unasync.py: edit tests/replay/_async/test_encryption.py instead.
"""Test a collaboration with encryption."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from vantage6.client import (
    Client,
    ConfigurationError,
    DecryptionError,
    EncryptionNotSetUpError,
    InvalidInputError,
    InvalidKeyError,
    KeyMismatchError,
    NotEncryptedError,
    UntrustedKeyError,
)

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

AVERAGE = "harbor2.vantage6.ai/demo/average"
INPUT = {"method": "partial_average", "kwargs": {"column_name": "age"}}
TASK: dict[str, Any] = {
    "name": "partial",
    "image": AVERAGE,
    "description": "",
    "input_": INPUT,
    "collaboration": 1,
    "databases": "default",
}


@pytest.fixture
def researcher(encrypted: "Recorded", key_file: Path) -> Iterator[Client]:
    with logged_in(encrypted, "researcher") as client:
        client.setup_encryption(key_file)
        yield client


@pytest.fixture
def root(encrypted: "Recorded") -> Iterator[Client]:
    with logged_in(encrypted, "root") as client:
        yield client


def test_inputs_and_results_are_encrypted(researcher: Client, key_file: Path) -> None:
    task = researcher.task.create([2, 1], **TASK)
    results = researcher.wait_for_results(task["id"], timeout=60)
    assert all(json.loads(row["result"] or "")["count"] for row in results)
    first, own = researcher.run.from_task(task["id"])
    raw = researcher.request(f"run/{own['id']}")
    assert raw["input"].count("$") == 2
    assert json.loads(own["input"]) == INPUT, "it was written for this organization"
    assert first["input"].count("$") == 2, "and this one for another"
    whole = researcher.run.get(own["id"], decrypt_input=False)
    assert whole["input"] == raw["input"]

    researcher.setup_encryption(None)
    with pytest.raises(DecryptionError, match="setup_encryption") as caught:
        researcher.result.from_task(task["id"])
    assert caught.value.run_ids == [first["id"], own["id"]]
    assert caught.value.results is not None
    assert [row["result"] for row in caught.value.results] == [None, None]
    with pytest.raises(EncryptionNotSetUpError, match="setup_encryption"):
        researcher.task.create([1], **TASK)
    researcher.setup_encryption(key_file)
    assert researcher.result.get(own["id"]) == results[1]["result"]


def test_invalid_private_key_is_rejected(
    researcher: Client, key_file: Path, tmp_path: Path
) -> None:
    key = load_pem_private_key(key_file.read_bytes(), None)
    protection = BestAvailableEncryption(b"open sesame")
    forms = {
        "none.pem": b"-----BEGIN NONSENSE-----",
        "protected.pem": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection),
        "curve.pem": ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
    }
    for name, pem in forms.items():
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_bytes(pem)
        with pytest.raises(InvalidKeyError):
            researcher.setup_encryption(tmp_path / name)
    with pytest.raises(InvalidKeyError, match="passphrase"):
        researcher.setup_encryption(tmp_path / "protected.pem", passphrase="wrong")
    with pytest.raises(InvalidKeyError, match="expected no passphrase"):
        researcher.setup_encryption(key_file, passphrase="superfluous")
    with pytest.raises(FileNotFoundError):
        researcher.setup_encryption(tmp_path / "nowhere.pem")
    with pytest.raises(EncryptionNotSetUpError):
        researcher.task.create([1], **TASK)
    researcher.setup_encryption(tmp_path / "protected.pem", passphrase="open sesame")
    assert (researcher.task.create([1], **TASK))["collaboration"]["id"] == 1


def test_result_for_a_lost_key_cannot_be_decrypted(
    researcher: Client, root: Client, key_file: Path, other_key_file: Path
) -> None:
    task = researcher.task.create([2], **TASK)
    (row,) = researcher.wait_for_results(task["id"], timeout=60)
    known = (researcher.organization.get())["public_key"]
    other = load_pem_private_key(other_key_file.read_bytes(), None).public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    root.organization.update(public_key=encoded(pem))
    with pytest.raises(KeyMismatchError):
        researcher.setup_encryption(key_file)
    researcher.setup_encryption(other_key_file)
    with pytest.raises(DecryptionError, match="a key other than"):
        researcher.result.get(row["run"]["id"])
    root.organization.update(public_key=known)
    researcher.setup_encryption(key_file)
    assert researcher.result.get(row["run"]["id"]) == row["result"]


def test_organization_without_valid_public_key_is_rejected(
    researcher: Client, root: Client
) -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    keys = {
        "": EncryptionNotSetUpError,
        encoded(b"nonsense"): InvalidKeyError,
        encoded(pem): InvalidKeyError,
    }
    for number, (key, error) in enumerate(keys.items()):
        name = f"Hospital {number}"
        made = root.organization.create(name, "", "", "", "", "x.example", key)
        root.collaboration.add_organization(made["id"], collaboration=1)
        with pytest.raises(error, match=f"organization {made['id']}"):
            researcher.task.create([1, made["id"]], **TASK)
        root.collaboration.remove_organization(made["id"], collaboration=1)
        with pytest.raises(InvalidInputError, match="not in the collaboration"):
            researcher.task.create([made["id"]], **TASK)
        root.organization.delete(made["id"])


def test_keys_are_trusted_by_fingerprint(
    researcher: Client, encrypted: "Recorded", key_file: Path, tmp_path: Path
) -> None:
    fingerprint = researcher.organization.fingerprint("Maastro")
    assert fingerprint.startswith("SHA256:")
    assert fingerprint != researcher.organization.fingerprint()
    strict = Client("http://127.0.0.1", encrypted.port, trust="strict")
    with strict:
        strict.authenticate("researcher", encrypted.passwords["researcher"])
        strict.setup_encryption(key_file)
        with pytest.raises(UntrustedKeyError, match="Maastro"):
            strict.task.create(["Maastro"], **TASK)
        with pytest.raises(KeyMismatchError):
            strict.organization.trust("Maastro", strict.organization.fingerprint(1))
        assert strict.organization.trust("Maastro", fingerprint) == fingerprint
        assert (strict.task.create(["Maastro"], **TASK))["id"]
    file = tmp_path / "known-organizations"
    file.write_text("nonsense\n")
    with pytest.raises(ConfigurationError, match="known-organizations"):
        researcher.task.create(["Maastro"], **TASK)
    key_file.chmod(0o644)
    with pytest.warns(UserWarning, match="chmod 600"):
        researcher.setup_encryption(key_file)


def test_lost_encryption_of_collaboration_is_noticed(researcher: Client, root: Client) -> None:
    researcher.task.create([2], **TASK)
    root.collaboration.update(1, encrypted=False)
    with pytest.raises(NotEncryptedError):
        researcher.task.create([2], **TASK)
    assert researcher.collaboration.trust(1) is False
    task = researcher.task.create([2], **TASK)
    root.collaboration.update(1, encrypted=True)
    (run,) = researcher.run.from_task(task)
    assert json.loads(run["input"]) == INPUT, "this one was not encrypted"


@pytest.mark.parametrize("is_whole", [True, False])
def test_input_from_the_web_interface_is_readable(researcher: Client, is_whole: bool) -> None:
    text = json.dumps(INPUT)
    public_key = (researcher.organization.get())["public_key"]
    encrypted = as_the_web_does(text, public_key or "", is_whole=is_whole)
    body = {
        "name": "by hand",
        "image": AVERAGE,
        "description": "",
        "collaboration_id": 1,
        "organizations": [{"id": 1, "input": encrypted}],
        "databases": [{"label": "default"}],
    }
    task = researcher.request("task", body, "post")
    (run,) = researcher.run.from_task(task["id"])
    assert run["input"] == text


def as_the_web_does(text: str, public_key: str, *, is_whole: bool) -> str:
    """Encrypt with the base64 form of the key, and if `is_whole` of the data, in place of both."""
    data = base64.b64encode(text.encode()) if is_whole else text.encode()
    key, iv = os.urandom(32), os.urandom(16)
    receiver: Any = load_pem_public_key(base64.b64decode(public_key))
    wrapped = receiver.encrypt(base64.b64encode(key), PKCS1v15())
    encryptor = Cipher(AES(key), CTR(iv)).encryptor()
    return "$".join(map(encoded, (wrapped, iv, encryptor.update(data) + encryptor.finalize())))


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
