"""Large inputs and results: a task to many organizations, and its results."""

import tempfile
from pathlib import Path

from samples import json_of

TASK = {"name": "bench", "image": "harbor2.vantage6.ai/demo/average", "description": ""}


def ours(port, username, password, key):
    from vantage6.client import Client

    known = Path(tempfile.mkdtemp()) / "known_organizations"
    client = Client("http://127.0.0.1", port, "/api", log_level=None, known_organizations=known)
    client = client.with_options(max_response_bytes=1 << 33)
    client.authenticate(username, password)
    client.setup_encryption(key)
    return client


def official(port, username, password, key):
    from vantage6.client import Client

    client = Client("http://127.0.0.1", port, "/api", log_level="critical")
    client.authenticate(username, password)
    client.setup_encryption(key)
    return client


def send(client, organizations, size):
    """Send an input of a size, which exists before memory is measured."""
    input_ = {"method": "partial_average", "kwargs": {"text": json_of(size).decode()}}

    def create():
        client.task.create(
            collaboration=1,
            organizations=organizations,
            input_=input_,
            databases=[{"label": "default"}],
            **TASK,
        )

    return create


def ours_send(organizations, size, **login):
    return send(ours(**login), organizations, size)


def official_send(organizations, size, **login):
    return send(official(**login), organizations, size)


def ours_receive(**login):
    client = ours(**login)
    return lambda: sum(len(row["result"]) for row in client.result.from_task(1))


def official_receive(**login):
    client = official(**login)
    return lambda: sum(len(str(row["result"])) for row in client.result.from_task(1)["data"])


def ours_save(**login):
    client, folder = ours(**login), Path(tempfile.mkdtemp())
    return lambda: client.result.save(1, folder / "result.json").stat().st_size


def ours_encrypt(organizations, size):
    from vantage6.client._encryption.cipher import Encryptor
    from vantage6.client._encryption.keys import generate_private_key, public_key_of
    from vantage6.client._encryption.large_inputs import LargeInput
    from vantage6.client._http.large_texts import LargeBody

    data, public_key = json_of(size), public_key_of(generate_private_key())

    def encrypt():
        texts = [LargeInput(data, Encryptor(public_key)) for _ in range(organizations)]
        return sum(map(len, LargeBody.of({"organizations": texts})))

    return encrypt


def bare_encrypt(organizations, size):
    import pybase64
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    data = memoryview(json_of(size))
    piece = 3 * 2**16

    def encrypt():
        total = 0
        for _ in range(organizations):
            cipher = Cipher(algorithms.AES(bytes(32)), modes.CTR(bytes(16))).encryptor()
            for start in range(0, size, piece):
                total += len(pybase64.b64encode(cipher.update(data[start : start + piece])))
        return total

    return encrypt
