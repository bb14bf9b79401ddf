"""Test what other accounts of this machine can reach and see of a local network."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.accounts import as_another_account
from vantage6.localnet import LocalNetwork
from vantage6.localnet._server import claim_port

pytestmark = pytest.mark.live

# A secret of the person who starts the network, and a setting that only installers need.
PERSONAL = {"VANTAGE6_PASSWORD": "Analytical-1843", "NPM_CONFIG_FUND": "false"}

# Asks the server at a port whether the default password works: twice, as soon as it responds. A
# server may respond before it is ready, with another status.
POLL = """
statuses = []
while len(statuses) < 2:
    server = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=30)
    try:
        login = json.dumps({"username": "root", "password": "root"})
        server.request("POST", "/api/token/user", login, {"Content-Type": "application/json"})
        statuses.append(server.getresponse().status)
    except OSError:
        time.sleep(0.005)
    server.close()
print(json.dumps(statuses))
"""

# Lists a folder and opens each of the files that are named, and prints what happens.
ENTER = """
for path in sys.argv[1:]:
    try:
        os.listdir(path) if path == sys.argv[1] else open(path).close()
    except OSError as error:
        print(errno.errorcode[error.errno])
    else:
        print("opened")
"""


@dataclass
class Running:
    """A network in a process of its own, with the ids of the processes that it consists of."""

    description: dict[str, Any]
    processes: set[int]
    main: int

    @property
    def is_hq(self) -> bool:
        return "auth_url" in self.description

    @property
    def documented(self) -> set[int | None]:
        """The ports that the description names."""
        urls = [self.description["store"]["url"], self.description.get("auth_url", "")]
        return {self.description["port"], *(urlsplit(url).port for url in urls if url)}

    @property
    def folder(self) -> Path:
        return Path(self.description["organizations"][0]["data"]).parent


@pytest.fixture(scope="module", params=["4.15.2", "5.0.3"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    file = tmp_path_factory.mktemp("isolation") / "network.json"
    options = ["--version", request.param, "--organizations", "2", "--store", "--json", str(file)]
    options += ["--blob-store"] if request.param < "5" else []  # which version 5 lacks
    command = [sys.executable, "-m", "vantage6.localnet", "up", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | PERSONAL) as up:
        try:
            deadline = time.monotonic() + 600  # the first start installs everything
            while not file.exists():
                assert up.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield Running(json.loads(file.read_text()), process_tree(up.pid), up.pid)
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(60)


def process_tree(root: int) -> set[int]:
    """Return the ids of a process and of all processes that it has started."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
    parents = dict(map(int, line.split()) for line in listing.stdout.splitlines())
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening_sockets(processes: set[int]) -> dict[tuple[str, int], set[int]]:
    """Return the TCP addresses that processes listen on, with the processes."""
    owners: dict[str, set[int]] = {}
    for pid in processes:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            if found := re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink())):
                owners.setdefault(found[1], set()).add(pid)
    addresses: dict[tuple[str, int], set[int]] = {}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and inode in owners:
                host, port = local.split(":")
                packed = bytes.fromhex(host)[::-1] if table == "tcp" else b""
                name = socket.inet_ntoa(packed) if packed else host
                addresses[name, int(port, 16)] = owners[inode]
    return addresses


def name_of(pid: int) -> str:
    """Return the name of a process."""
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_only_documented_ports_listen_on_loopback(running: Running) -> None:
    found = listening_sockets(running.processes)
    assert {host for host, _ in found} == {"127.0.0.1"}
    others = {port: pids for (_, port), pids in found.items() if port not in running.documented}
    assert {port for _, port in found} > running.documented
    # The proxy for algorithms is in the network's own process; Node.js runs the blob store.
    programs = sorted("proxy" if pids == {running.main} else "blobs" for pids in others.values())
    assert programs == (["proxy"] if running.is_hq else ["blobs", "proxy"])


def test_other_ports_require_a_secret(running: Running) -> None:
    for (_, port), pids in listening_sockets(running.processes).items():
        if port in running.documented:
            continue
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as neighbor:
            if pids == {running.main}:
                node = running.description["nodes"][0]["id"]
                for path in ("/", "/version", f"/{node}/version", "/x/version", "//version"):
                    assert neighbor.get(path).status_code == 404, path
            else:
                paths = ("/localnet?comp=list", "/localnet/localnet?restype=container&comp=list")
                for path in paths:
                    assert neighbor.get(path).status_code in {401, 403, 404}, path


def test_folder_is_closed_to_other_accounts(running: Running) -> None:
    assert running.folder.stat().st_mode & 0o077 == 0
    paths = sorted(running.folder.iterdir())
    service = "hq" if running.is_hq else "server"
    assert {f"{service}.yaml", f"{service}.db", "store.db"} <= {path.name for path in paths}
    assert not [path.name for path in paths if path.is_socket()]
    assert [path.name for path in paths if path.is_file() and path.stat().st_mode & 0o077] == []
    files = [str(path) for path in paths if path.is_file()]
    if os.geteuid() != 0:
        pytest.skip("only root can open them as another account")
    neighbor = as_another_account(ENTER, str(running.folder), *files)
    printed, _ = neighbor.communicate(timeout=60)
    assert set(printed.split()) == {"EACCES"}


def test_processes_receive_no_personal_variables(running: Running) -> None:
    main = Path(f"/proc/{running.main}/environ").read_bytes()
    assert PERSONAL["VANTAGE6_PASSWORD"].encode() in main
    assert len(running.processes) > 8
    for pid in running.processes - {running.main}:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        for name in PERSONAL:
            assert f"{name}=".encode() not in environment, name_of(pid)


@pytest.mark.parametrize("running", ["5.0.3"], indirect=True)  # servers 4.x lock accounts
def test_common_passwords_do_not_work(running: Running) -> None:
    names = [*running.description["users"]]
    path = f"/realms/{running.description['realm']}/protocol/openid-connect/token"
    client = {"grant_type": "password", "client_id": running.description["password_client"]}
    with httpx.Client(base_url=running.description["auth_url"], trust_env=False) as neighbor:
        for name in {*names, "root", "admin"}:
            for password in ("root", "admin", "password", "vantage6", name):
                form = {**client, "username": name, "password": password}
                response = neighbor.post(path, data=form)
                assert response.status_code in {400, 401}, (name, password)
                assert "access_token" not in response.json()


@pytest.mark.parametrize("running", ["4.15.2"], indirect=True)  # later stores have one HQ
def test_store_accepts_no_other_server(running: Running) -> None:
    url, server = running.description["store"]["url"], running.description["url"] + "/api"
    with httpx.Client(trust_env=False) as neighbor:
        policies = neighbor.get(f"{url}/policy/public").json()
        assert policies["allowed_servers"] == [server]
        other = {"url": "http://127.0.0.1:7601/api", "force": True}
        response = neighbor.post(f"{url}/vantage6-server", json=other)
    assert (response.status_code, response.json()["msg"][:30]) == (
        403,
        "This server is not allowed to ",
    )


def test_default_password_never_works() -> None:
    with claim_port(None) as holder:
        port = holder.getsockname()[1]
    neighbor = as_another_account(POLL, str(port))
    try:
        with LocalNetwork(organizations=1, port=port) as network:
            printed, _ = neighbor.communicate(timeout=60)
            assert json.loads(printed) == [401, 401]
            for restart in (lambda: None, network.restart_server):  # more would lock the account
                restart()
                neighbor = as_another_account(POLL.replace("< 2", "< 1"), str(port))
                printed, _ = neighbor.communicate(timeout=60)
                assert json.loads(printed) == [401]
            log = (network._folder / "server.log").read_text()
            assert "super user" in log
            assert "default password" not in log
    finally:
        neighbor.kill()
        neighbor.communicate()


def test_port_can_be_used_again_at_once() -> None:
    with LocalNetwork(organizations=1) as network:
        port = network.port
        httpx.get(f"{network.url}/api/version", trust_env=False).raise_for_status()
    with LocalNetwork(organizations=1, port=port) as network:
        network.restart_server()
        assert network.port == port
