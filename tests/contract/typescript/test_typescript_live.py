"""Test that a client which others generate from the contracts works, in both generations.

`nox -s typescript` generates it with tools of npm, compiles it, and runs this module.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.contract.callers import PASSWORD, Caller, http_client, new_user, populate, serve
from vantage6.bindings.hq import calls
from vantage6.bindings.server import calls as server_calls
from vantage6.localnet._environment import environment_python
from vantage6.localnet._v5.realm import LOCAL_CLIENT, REALM, Lifetimes
from vantage6.localnet._v5.services import Hq, StandIn

pytestmark = pytest.mark.live


def list_organizations(generation: int, **settings: str) -> list[str]:
    """Run the compiled program, which logs in and lists organizations."""
    folder, node = os.environ.get("VANTAGE6_TYPESCRIPT"), shutil.which("node")
    assert folder, "expected the compiled program: run nox -s typescript"
    assert node, "expected 'node' on PATH: install Node.js"
    program = Path(folder, "out", "organizations.js")
    command = [node, str(program), str(generation)]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_generated_client_lists_organizations_of_version_4() -> None:
    with serve() as url:
        world = populate(url)
        name = "from-typescript"
        world.root(server_calls.create_user(new_user(name, 1, [world.roles["Root"]])), 201)
        found = list_organizations(4, API=f"{url}/api", NAME=name, SECRET=PASSWORD)
    assert found == ["root", "Alpha", "Beta", "Gamma"]


class HqCaller(Caller):
    """Someone who calls HQ."""

    api_path = "/hq"


def test_generated_client_lists_organizations_of_version_5() -> None:
    python = environment_python("5.0.3")
    with tempfile.TemporaryDirectory(prefix="vantage6-typescript-") as name:
        folder = Path(name)
        provider = StandIn(python, folder, Lifetimes())
        hq = Hq(python, folder, None, provider)
        provider.start()
        try:
            provider.wait_until_ready()
            hq.start()
            hq.wait_until_ready()
            tokens = f"{provider.url}/realms/{REALM}/protocol/openid-connect/token"
            login = {
                "grant_type": "password",
                "client_id": LOCAL_CLIENT,
                "username": "root",
                "password": provider.root_password,
            }
            with http_client(provider.url) as http:
                root = HqCaller(hq.url, http.post(tokens, data=login).json()["access_token"])
            root(calls.create_organization({"name": "Alpha"}), 201)
            roles = root(calls.list_roles(name="Root"))["data"]
            robot = root(
                calls.create_user(
                    {"username": "robot", "is_service_account": True, "roles": [roles[0]["id"]]}
                ),
                201,
            )
            found = list_organizations(
                5,
                API=f"{hq.url}/hq",
                TOKEN_ADDRESS=tokens,
                NAME="robot-user-client",
                SECRET=robot["client_secret"],
            )
        finally:
            hq.stop()
            provider.stop()
    assert found == ["root", "Alpha"]
