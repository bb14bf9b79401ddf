"""Call every method of the official client in one script, on a server of any version.

Each method has its effect or, where the server or store lacks support, raises an error that names
both versions. `VANTAGE6_SCRIPT` selects the version.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.mail_sink import MailSink
from tests.support.official_surface import OFFICIAL, UsageRecorder
from vantage6.client import (
    AsyncClient,
    BadRequestError,
    EndpointNotFoundError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    TaskFailedError,
    UnsupportedServerVersionError,
)
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

IMAGE = "harbor2.vantage6.ai/demo/average"
PARTIAL = {"method": "partial_average", "kwargs": {"column_name": "age"}}
SLOW: dict[str, Any] = {
    "name": "slow",
    "image": "localnet/slow",
    "description": "",
    "input_": {"method": "sleep", "kwargs": {"seconds": 60}},
}
# Both forms of this script share a mail server.
MAIL = f"{AsyncClient.__name__.lower()}@example.org"
FIRST, SECOND, THIRD = "First-Secret-1", "Second-Secret-2", "Third-Secret-3"


class Script:
    """What the parts of the script share: the network, who is logged in, and what was called."""

    def __init__(self, network: LocalNetwork, mail_sink: MailSink, folder: Path) -> None:
        self.network, self.mail_sink, self.folder = network, mail_sink, folder
        self.version = tuple(map(int, network.version.split(".")))
        self.called: set[str] = set()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Any]:
        port = self.network.port
        async with AsyncClient("http://127.0.0.1", port, "/api", log_level=None) as client:
            yield UsageRecorder(client, self.called)

    @asynccontextmanager
    async def user(self, name: str, *, at_store: bool = False) -> AsyncIterator[Any]:
        who = self.network.users[name]
        async with self.client() as client:
            await client.authenticate(who.username, who.password)
            if at_store:
                (store,) = await client.store.list(name="local store")
                await client.store.set(store["id"])
            yield client

    @contextmanager
    def needs(self, what: str, version: str) -> Iterator[None]:
        """Expect what is done here to work from a version on, and before to be told as too old."""
        if self.version >= tuple(map(int, version.split("."))):
            yield
            return
        with pytest.raises(UnsupportedServerVersionError) as caught:
            yield
        error = caught.value
        assert (error.server, error.needed) == (self.network.version, version)
        for text in (what, f"version {version} or later", f"got {self.network.version}"):
            assert text in str(error)


async def test_every_method_works(
    any_network: LocalNetwork, mail_sink: MailSink, tmp_path: Path
) -> None:
    script = Script(any_network, mail_sink, tmp_path)
    await the_client_itself(script)
    await organizations_and_their_people(script)
    await collaborations(script)
    await studies(script)
    await tasks(script)
    await the_people_of_the_store(script)
    await algorithms(script)
    await linking_the_store(script)
    assert script.called == OFFICIAL


# -- the client ---------------------------------------------------------------------------------
async def the_client_itself(script: Script) -> None:
    network = script.network
    async with script.user("researcher") as client:
        assert (client.host, client.port, client.path) == ("http://127.0.0.1", network.port, "/api")
        assert client.base_path == f"{network.url}/api"
        assert client.generate_path_to("version", False) == f"{network.url}/api/version"
        assert client.name == (await client.user.get())["firstname"]
        assert client.headers == {"Authorization": f"Bearer {client.token}"}
        before = client.token
        await client.refresh_token()
        assert client.token not in (None, before)
        assert await client.request("version") == {"version": network.version}
        assert await client.util.get_server_version() == {"version": network.version}
        assert await client.util.get_server_health() == {"database": True}
        assert await client.check_if_blob_store_enabled() is False
        with pytest.raises(EndpointNotFoundError, match="no such address"):
            await client.request("nowhere")


# -- people -------------------------------------------------------------------------------------
async def organizations_and_their_people(script: Script) -> None:
    async with script.user("root") as root:
        made = await root.organization.create("Added", "Street 1", "", "", "NL", "added.example")
        id_ = made["id"]
        assert (await root.organization.update(id_, country="BE"))["country"] == "BE"
        assert (await root.organization.get(id_))["address1"] == "Street 1"
        assert [row["id"] for row in await root.organization.list(name="Added")] == [id_]

        rules = [row["id"] for row in await root.rule.list(scope="ORGANIZATION")]
        assert (await root.rule.get(rules[0]))["scope"] == "ORGANIZATION"
        role = await root.role.create("watcher", "looks around", rules[:2], id_)
        changed = await root.role.update(role["id"], name="keeper", rules=rules)
        assert (changed["name"], changed["description"]) == ("keeper", "looks around")
        assert (await root.role.get(role["id"]))["organization"]["id"] == id_
        assert [row["id"] for row in await root.role.list(name="keeper")] == [role["id"]]
        assert [row["id"] for row in await root.rule.list(role=role["id"])] == rules

        user = await root.user.create("ada", "Ada", "Lovelace", FIRST, MAIL, id_, [role["id"]])
        assert (await root.user.update(user["id"], lastname="King"))["lastname"] == "King"
        assert [row["id"] for row in await root.user.list(organization=id_)] == [user["id"]]
        await keys_and_passwords(script)

        assert "msg" in await root.user.delete(user["id"])
        with pytest.raises(NotFoundError):
            await root.user.get(user["id"])
        assert "msg" in await root.role.delete(role["id"])
        assert await root.role.list(name="keeper") == []
        assert "msg" in await root.organization.delete(id_, delete_dependents=True)
        assert await root.organization.list(name="Added") == []


async def keys_and_passwords(script: Script) -> None:
    """Go through what one does with an account of one's own."""
    async with script.client() as client:
        await client.authenticate("ada", FIRST)
        assert "msg" in await client.util.change_my_password(FIRST, SECOND)
        await client.authenticate("ada", SECOND)
        file = await client.util.generate_private_key(script.folder / "key.pem")
        assert (await client.organization.get())["public_key"]
        await client.setup_encryption(None)
        await client.setup_encryption(file)

        assert "msg" in await client.util.reset_my_password(username="ada")
        token = script.mail_sink.token_for(MAIL, "Password reset")
        assert "msg" in await client.util.set_my_password(token, THIRD)
        await client.authenticate("ada", THIRD)
        assert "msg" in await client.util.reset_two_factor_auth(THIRD, username="ada")
        token = script.mail_sink.token_for(MAIL, "Two-factor")
        secret = await client.util.set_two_factor_auth(token)
        assert secret["qr_uri"].startswith("otpauth://totp/")
        assert (await client.user.get())["username"] == "ada"


# -- what they agree on -------------------------------------------------------------------------
async def collaborations(script: Script) -> None:
    async with script.user("root") as root:
        made = await root.collaboration.create("second", [1, 2], encrypted=True)
        id_ = made["id"]
        assert (await root.collaboration.update(id_, encrypted=False))["encrypted"] is False
        assert (await root.collaboration.get(id_))["name"] == "second"
        rows = await root.collaboration.list("global", name="second")
        assert [row["id"] for row in rows] == [id_]
        await root.setup_collaboration(id_)
        members = await root.collaboration.add_organization(3)
        assert sorted(row["id"] for row in members) == [1, 2, 3]
        members = await root.collaboration.remove_organization(2)
        assert sorted(row["id"] for row in members) == [1, 3]
        await nodes(script, root)
        assert "msg" in await root.collaboration.delete(id_, delete_dependents=True)
        with pytest.raises(NotFoundError):
            await root.collaboration.get(id_)


async def nodes(script: Script, root: Any) -> None:
    """Add a node to the collaboration that was set up."""
    made = await root.node.create(organization=3, name="basement")
    assert made["api_key"]
    assert (await root.node.reset_key(made["id"]))["api_key"] != made["api_key"]
    assert (await root.node.update(made["id"], name="attic"))["name"] == "attic"
    assert (await root.node.get(made["id"]))["organization"]["id"] == 3
    assert [row["name"] for row in await root.node.list()] == ["attic"]
    # Before 4.8 a node has no status until it is online for the first time.
    offline = ["attic"] if script.version >= (4, 8) else []
    assert [row["name"] for row in await root.node.list(is_online=False)] == offline
    with pytest.raises(BadRequestError, match="online"):
        await root.node.kill_tasks(made["id"])
    assert "msg" in await root.node.delete(made["id"])
    assert await root.node.list() == []


async def studies(script: Script) -> None:
    async with script.user("root") as root:
        made = await root.study.create("adults", [1, 2], collaboration=1)
        id_ = made["id"]
        assert (await root.study.update(id_, name="old adults"))["name"] == "old adults"
        assert (await root.study.get(id_))["collaboration"]["id"] == 1
        assert [row["id"] for row in await root.study.list(name="old adults")] == [id_]
        members = await root.study.add_organization(3, id_)
        assert sorted(row["id"] for row in members) == [1, 2, 3]
        members = await root.study.remove_organization(1, id_)
        assert sorted(row["id"] for row in members) == [2, 3]
        assert "msg" in await root.study.delete(id_)
        with pytest.raises(NotFoundError):
            await root.study.get(id_)


# -- what they run ------------------------------------------------------------------------------
async def tasks(script: Script) -> None:
    async with script.user("researcher") as client:
        made = await client.task.create(
            [2, 1], "average", IMAGE, "", PARTIAL, collaboration=1, databases="default"
        )
        id_ = made["id"]
        results = await client.wait_for_results(id_, timeout=60)
        counts = [json.loads(row["result"])["count"] for row in results]
        assert len(counts) == 2
        assert all(counts)
        assert await client.result.from_task(id_) == results
        assert await client.result.get(results[0]["id"]) == results[0]["result"]
        runs = await client.run.from_task(id_)
        assert [run["organization"]["id"] for run in runs] == [2, 1]
        assert (await client.run.get(runs[0]["id"]))["status"] == "completed"
        rows = await client.run.list(task=id_, organization=1, fields=["id", "status"])
        assert rows == [{"id": runs[1]["id"], "status": "completed"}]
        assert (await client.task.get(id_))["status"] == "completed"
        assert id_ in [row["id"] for row in await client.task.list(status="completed")]
        with script.needs("databases.arguments", "4.14.0"):
            database = {"label": "default", "arguments": {"x": 1}}
            task = await client.task.create([1], "x", IMAGE, "", PARTIAL, 1, databases=[database])
            await client.wait_for_results(task["id"], timeout=60)
    async with script.user("admin") as admin:
        assert "msg" in await admin.task.delete(id_)
        with pytest.raises(NotFoundError):
            await admin.task.get(id_)
        task = await admin.task.create([1], **SLOW, collaboration=1)
        (node,) = await admin.node.list(organization=1, collaboration=1)
        with pytest.raises(ServerError):  # the order that servers fail at, see its manual
            await admin.node.kill_tasks(node["id"])
        assert "msg" in await admin.task.kill(task["id"])
        status = await admin.wait_for_task_completion(admin.request, task["id"], timeout=60)
        # Servers before 4.8 call any task that did not complete failed; its runs tell why.
        assert status == ("killed by user" if script.version >= (4, 8) else "failed")
        with pytest.raises(TaskFailedError, match="killed by user"):
            await admin.wait_for_results(task["id"])


# -- the store ----------------------------------------------------------------------------------
async def the_people_of_the_store(script: Script) -> None:
    async with script.user("root", at_store=True) as root:
        policies = await root.store.policy.get()
        public = await root.store.policy.get(public=True)
        assert public["algorithm_view"] == policies["algorithm_view"]
        ids = [row["id"] for row in await root.store.rule.list(operation="view")]
        role = (await root.store.role.list(name="Viewer"))[0]
        with script.needs("create_role", "4.10.0"):
            role = await root.store.role.create("watcher", "looks around", ids[:2])
        with script.needs("update_role", "4.10.0"):
            changed = await root.store.role.edit(role["id"], name="onlooker", rules=ids[:1])
            assert (changed["name"], changed["description"]) == ("onlooker", "looks around")
            assert [row["id"] for row in await root.store.rule.list(role=role["id"])] == ids[:1]

        (viewer,) = await root.store.user.list(username="viewer")
        assert (await root.store.user.get(viewer["id"]))["username"] == "viewer"
        had = [row["id"] for row in await root.store.role.list(user=viewer["id"])]
        await root.store.user.update(viewer["id"], [*had, role["id"]])
        assert "viewer" in [row["username"] for row in await root.store.user.list(role=role["id"])]
        assert "msg" in await root.store.user.delete(viewer["id"])
        assert await root.store.user.list(username="viewer") == []
        again = await root.store.user.register("viewer", had)
        assert (await root.store.user.get(again["id"], field="username")) == {"username": "viewer"}
        with script.needs("delete_role", "4.10.0"):
            assert "msg" in await root.store.role.delete(role["id"])
            assert await root.store.role.list(name="onlooker") == []


async def algorithms(script: Script) -> None:
    async with (
        script.user("researcher", at_store=True) as researcher,
        script.user("root", at_store=True) as root,
        script.user("admin", at_store=True) as admin,
    ):
        plain = {"name": "partial_average", "type": "federated"}
        parts = {
            "description": "",
            "image": IMAGE,
            "partitioning": "horizontal",
            "vantage6_version": "4.15",
            "code_url": "https://code.example/average",
        }
        made = await researcher.algorithm.create("average", **parts, functions=[plain])
        id_ = made["id"]
        changed = await researcher.algorithm.update(id_, description="the mean")
        assert (changed["description"], changed["image"]) == ("the mean", IMAGE)
        await replace_functions(script, researcher, id_, plain)
        waiting = await root.algorithm.list(awaiting_reviewer_assignment=True)
        assert [row["id"] for row in waiting] == [id_]

        (reviewer,) = await root.store.user.list(username="admin")
        first = await root.store.review.create(id_, reviewer["id"])
        assert (await root.store.review.get(first["id"]))["status"] == "under review"
        assert "msg" in await root.store.review.delete(first["id"])
        review = await root.store.review.create(id_, reviewer["id"])
        (asked,) = await admin.store.review.list(algorithm=id_, under_review=True)
        assert asked["id"] == review["id"]
        assert "msg" in await admin.store.review.approve(review["id"], "does what it says")
        assert (await researcher.algorithm.get(id_))["status"] == "approved"
        assert [row["id"] for row in await researcher.algorithm.list(name="average")] == [id_]
        await run_from_the_store(researcher)

        assert "msg" in await root.algorithm.invalidate(id_)
        assert await researcher.algorithm.list(name="average") == []
        assert "msg" in await root.algorithm.delete(id_)
        with pytest.raises(NotFoundError):
            await root.algorithm.get(id_)

        with script.needs("functions.standalone", "4.10.0"):
            function = {**plain, "standalone": False}
            made = await researcher.algorithm.create("other", **parts, functions=[function])
            assert [function["standalone"] for function in made["functions"]] == [False]
            await root.algorithm.delete(made["id"])
        made = await researcher.algorithm.create("bad", **parts, functions=[plain])
        review = await root.store.review.create(made["id"], reviewer["id"])
        assert "msg" in await admin.store.review.reject(review["id"], "reveals patients")
        assert (await root.algorithm.get(made["id"]))["status"] == "rejected"
        await root.algorithm.delete(made["id"])


async def replace_functions(script: Script, client: Any, id_: int, function: Any) -> None:
    """Replace the functions of an algorithm; stores from 4.9 to 4.10 fail at it halfway."""
    functions = [{**function, "description": "of one organization"}]
    if (4, 9) <= script.version < (4, 11):
        with pytest.raises(ServerError):
            await client.algorithm.update(id_, functions=functions)
        return
    changed = await client.algorithm.update(id_, functions=functions)
    assert [row["description"] for row in changed["functions"]] == ["of one organization"]


async def run_from_the_store(client: Any) -> None:
    """Run what was approved; the store is told by which address it knows the server."""
    task = await client.task.create(
        [1],
        "from the store",
        IMAGE,
        "",
        PARTIAL,
        collaboration=1,
        store=client.store.store_id,
        server_url=client.base_path,
        databases="default",
    )
    (row,) = await client.wait_for_results(task["id"], timeout=60)
    assert json.loads(row["result"])["count"]


async def linking_the_store(script: Script) -> None:
    """Unlink the store and link it again, which removes the users of the server from it."""
    async with script.user("root", at_store=True) as root:
        url = (await root.store.get(root.store.store_id))["url"]
        assert (await root.store.update(name="renamed"))["name"] == "renamed"
        assert "msg" in await root.store.delete()
        assert await root.store.list() == []
        made = await root.store.create(url, "again", all_collaborations=True, force=True)
        assert (made["name"], made["url"]) == ("again", url)
        await root.store.set(made["id"])
        with pytest.raises(PermissionDeniedError):
            await root.store.user.list()
