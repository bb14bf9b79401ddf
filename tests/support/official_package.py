"""Serve functions of the official package to another process: `official_package.py KEY-FILE`.

Each request is a line of JSON with the name of a function and its arguments, and as many bytes as
its "size" says; so is each answer, with "error" in it when the function raised something.
"""

import functools
import io
import json
import sys
from pathlib import Path

ANSWERS, sys.stdout = sys.stdout.buffer, sys.stderr  # the official client prints a banner

from vantage6.client import UserClient  # noqa: E402
from vantage6.common.encryption import DummyCryptor, RSACryptor  # noqa: E402

PLAIN = DummyCryptor()
CHUNK = 1000  # of a stream: many in each message


@functools.cache
def cryptor():
    """Return an object with the throwaway key, which becomes the only key of this process."""
    return RSACryptor(Path(sys.argv[1]))


def public_key(_):
    return cryptor().public_key_str.encode()


def encrypt(data, to):
    return cryptor().encrypt_bytes_to_str(data, to).encode()


def decrypt(message):
    """Decrypt as the official client and nodes do, including their guess of the data format."""
    return cryptor().decrypt(message.decode())


def decrypt_by_steps(message):
    """Decrypt without the guess of the data format."""
    wrapped_key, iv, ciphertext = map(PLAIN.str_to_bytes, message.decode().split("$"))
    key = cryptor()._decode_shared_key(wrapped_key)
    return cryptor()._aes_ctr_decrypt(ciphertext, key, iv)


def encrypt_blob(data, to):
    return cryptor().encrypt_bytes_to_str(data, to, skip_base64_encoding_of_msg=True)


def decrypt_blob(message):
    return cryptor().decrypt(message)


def encrypt_stream(data, to):
    return b"".join(cryptor().encrypt_stream(io.BytesIO(data), to, CHUNK))


def decrypt_stream(message):
    return b"".join(cryptor().decrypt_stream(io.BytesIO(message), CHUNK))


def encode(data):
    return PLAIN.encrypt_bytes_to_str(data, "").encode()


def decode(text):
    return PLAIN.decrypt(text.decode())


def log_in(network):
    if "auth_url" in network:
        return log_in_at_hq(network)
    client = UserClient(network["host"], network["port"], network["api_path"], log_level="error")
    client.authenticate(network["username"], network["password"])
    client.setup_encryption(network["private_key"])
    return client


def log_in_at_hq(network):
    """Log in with a password: without a browser, that client waits for ten minutes."""
    import requests

    form = {"grant_type": "password", "client_id": network["auth_client"], "scope": "openid"}
    form |= {"username": network["username"], "password": network["password"]}
    address = f"{network['auth_url']}/realms/vantage6/protocol/openid-connect/token"
    client = UserClient(
        network["host"],
        network["auth_url"],
        auth_client=network["auth_client"],
        log_level="critical",
    )
    token = requests.post(address, data=form, timeout=60).json()
    client._finalize_successful_authentication(token)
    client.setup_encryption(network["private_key"])
    return client


def run_task(_, network, task):
    """Create a task, wait for it, and return its id and its results."""
    client = log_in(network)
    created = client.task.create(**task)
    results = client.wait_for_results(created["id"], interval=0.2)
    answer = {"id": created["id"], "results": [row["result"] for row in results["data"]]}
    return json.dumps(answer).encode()


def results_of(_, network, task_id):
    rows = log_in(network).result.from_task(task_id)["data"]
    return json.dumps([row["result"] for row in rows]).encode()


def answer(request, data):
    function = globals()[request.pop("call")]
    try:
        return {}, function(data, **request)
    except Exception as error:  # report it to the calling process
        return {"error": repr(error)}, b""


for line in sys.stdin.buffer:
    request = json.loads(line)
    head, body = answer(request, sys.stdin.buffer.read(request.pop("size")))
    ANSWERS.write(json.dumps({**head, "size": len(body)}).encode() + b"\n" + body)
    ANSWERS.flush()
