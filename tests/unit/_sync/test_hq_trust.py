# Derived by unasync.py: edit tests/unit/_async/test_hq_trust.py instead.
"""Test an HQ that tampers with identifiers, names, keys and encryption."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_hq import Hq, ref
from vantage6.client import (
    Client,
    DecryptionError,
    Extraction,
    InvalidInputError,
    InvalidResponseError,
    NotEncryptedError,
    PublicKeyChangedError,
)
from vantage6.client._encryption.keys import generate_private_key, public_key_of

from .test_client import KEY, write_key
from .test_hq_tasks import create

THEIRS = public_key_of(generate_private_key(2048))
EVIL = public_key_of(generate_private_key(2048))
DEMO: dict[str, Any] = {"id": 1, "name": "demo", "encrypted": True}


class World:
    """What HQ says of a collaboration and its organizations, and may lie about."""

    def __init__(self, hq: Hq) -> None:
        self.hq = hq
        self.organizations: dict[int, dict[str, Any]] = {
            number: {"id": number, "name": f"org{number}", "public_key": THEIRS}
            for number in range(1, 13)
        }
        self.organizations[3]["public_key"] = public_key_of(KEY)
        self.hq.answers["/organization/3"] = 200, self.organizations[3].copy()
        self.collaboration(DEMO)
        self.listed()

    def collaboration(self, row: dict[str, Any]) -> None:
        self.hq.answers["/collaboration/1"] = 200, row

    def listed(self) -> None:
        self.hq.answers["/organization"] = self.hq.page(list(self.organizations.values()))

    @property
    def inputs(self) -> list[Any]:
        """All that was sent with arguments of a function."""
        return [
            body
            for method, _, body in self.hq.sent
            if method == "POST" and "arguments" in str(body)
        ]


@pytest.fixture
def world(hq: Hq) -> World:
    return World(hq)


# What sends the arguments of a function to organizations 1 and 3.
SENDING: list[Callable[[Client], Any]] = [
    lambda client: create(client, organizations=[1, 3], collaboration=1),
    lambda client: create(
        client,
        organizations=[1, 3],
        collaboration=1,
        databases=[Extraction("default", "read_csv", arguments={"low": 1})],
    ),
    lambda client: client.dataframe.create(
        "default", "image", "read_csv", {"low": 1}, session=4, organizations=[1, 3]
    ),
    lambda client: client.dataframe.preprocess(1, "image", "keep", {"low": 1}),
]
sending = pytest.mark.parametrize("send", SENDING, ids=["task", "extraction", "frame", "step"])


@pytest.fixture
def client(hq_client: Client, world: World, tmp_path: Path) -> Client:
    """Make a client with a key, which knows the collaboration and organization 1."""
    hq_client.setup_encryption(write_key(tmp_path))
    create(hq_client, organizations=[1, 3])
    (task,) = world.hq.bodies("/task")
    assert all("$" in part["arguments"] for part in task["organizations"]), "encrypted"
    world.hq.sent.clear()
    return hq_client


@sending
def test_input_is_encrypted(client: Client, world: World, send: Any) -> None:
    send(client)
    assert world.inputs
    for body in world.inputs:
        for part in body.get("task", body)["organizations"]:
            assert part["arguments"].count("$") == 2


@sending
def test_row_of_another_collaboration_sends_nothing(
    client: Client, world: World, send: Any
) -> None:
    world.collaboration({"id": 77, "name": "open", "encrypted": False})
    with pytest.raises(InvalidResponseError, match="id: expected 1, got 77"):
        send(client)
    assert not world.inputs


@sending
def test_nothing_is_sent_when_encryption_is_denied(client: Client, world: World, send: Any) -> None:
    world.collaboration({**DEMO, "encrypted": False})
    with pytest.raises(NotEncryptedError, match=r"collaboration\.trust\(1\)"):
        send(client)
    assert not world.inputs


@sending
def test_replaced_key_gets_no_input(client: Client, world: World, send: Any) -> None:
    world.organizations[1]["public_key"] = EVIL
    world.listed()
    with pytest.raises(PublicKeyChangedError, match="org1"):
        send(client)
    assert not world.inputs


@sending
@pytest.mark.parametrize("missing", ["row", "field", "", None])
def test_missing_own_key_is_noticed(
    client: Client, world: World, send: Any, missing: str | None
) -> None:
    message = r"your own organization 3.*got none"
    if missing == "row":
        del world.organizations[3]
    elif missing == "field":
        del world.organizations[3]["public_key"]
    else:
        world.organizations[3]["public_key"] = missing
    if missing is None:  # which the contract does not allow
        message = "public_key is null, not text"
    world.listed()
    with pytest.raises((PublicKeyChangedError, InvalidResponseError), match=message):
        send(client)
    assert not world.inputs


@sending
def test_known_name_under_another_id_gets_no_input(client: Client, world: World, send: Any) -> None:
    world.organizations[1]["name"] = "another"
    world.organizations[2] |= {"name": "ORG1 ", "public_key": EVIL}
    world.listed()
    client._core.names.forget()
    calls: list[Callable[[], Any]] = [
        lambda: create(client, organizations=["org1"], collaboration=1),
        lambda: create(client, organizations=[2], collaboration=1),
        lambda: client.dataframe.create(
            "default", "image", "read_csv", session=4, organizations=["org1"]
        ),
        lambda: client.dataframe.preprocess(1, "image", "keep", organizations=["org1"]),
        lambda: client.organization.id("org1"),
    ]
    for call in calls:
        with pytest.raises(PublicKeyChangedError, match="expected organization 1"):
            call()
    assert not world.inputs


def test_other_row_than_the_requested_one_is_not_used(client: Client, world: World) -> None:
    hq = world.hq
    hq.answers["/session/4"] = 200, hq.session(5)
    hq.answers["/session/dataframe/1"] = 200, hq.frame(2)
    hq.answers["/session/dataframe/11/preprocess"] = 201, hq.frame(1)
    hq.answers["/task/9"] = 200, {"id": 10, "name": "t", "status": "completed"}
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("expected 4, got 5", lambda: client.setup_session(4)),
        ("expected 4, got 5", lambda: create(client, organizations=[1], session=4)),
        ("expected 1, got 2", lambda: client.dataframe.preprocess(1, "image", "keep")),
        ("expected 1, got 2", lambda: create(client, session=None, databases=[1])),
        ("expected 11, got 1", lambda: client.dataframe.preprocess(11, "image", "keep")),
        ("expected 9, got 10", lambda: client.wait_for_results(9)),
    ]
    for message, call in calls:
        with pytest.raises(InvalidResponseError, match=f"id: {message}"):
            call()
    assert len(world.inputs) == 1, "the step whose response is of another data frame"


def test_session_does_not_move_to_another_collaboration(client: Client, world: World) -> None:
    """HQ says which collaboration a session is of; that one would decide about encryption."""
    hq = world.hq
    hq.answers["/session/4"] = 200, hq.session(4, collaboration=77)
    hq.answers["/collaboration/77"] = 200, {"id": 77, "name": "open", "encrypted": False}
    calls: list[Callable[[], Any]] = [
        lambda: create(client, organizations=[1], session=4),
        lambda: create(client, organizations=[1], session=4, collaboration=1),
        lambda: create(client, organizations=[1], databases=[1], session=None),
        lambda: client.dataframe.create("default", "image", "read", session=4, organizations=[1]),
        lambda: client.dataframe.preprocess(1, "image", "keep"),
    ]
    for call in calls:
        with pytest.raises(
            InvalidInputError, match=r"session: expected one of collaboration 1.*77"
        ):
            call()
    assert not world.inputs
    hq.answers["/session/4"] = 200, hq.session(4) | {"collaboration": ref(1)}
    create(client, organizations=[1], session=4)
    assert world.inputs


def test_plain_result_of_an_encrypted_collaboration_is_an_error(
    client: Client, world: World
) -> None:
    world.hq.runs = [("completed", base64.b64encode(b"170").decode())]
    world.hq.answers["/run/1"] = 200, world.hq.run(1, "completed")
    for call in (lambda: client.wait_for_results(9), lambda: client.result.from_task(9)):
        with pytest.raises(DecryptionError, match="expected an encrypted value"):
            call()


@pytest.mark.parametrize(
    ("end", "row", "message"),
    [
        ("/session/4", {"id": 4, "name": "survival"}, "collaboration is missing"),
        ("/session/4", {"id": 4, "collaboration": 1, "study": None}, "collaboration is a whole"),
        ("/session/dataframe/1", {"id": 1, "session": ref(4)}, "organizations_ready is missing"),
        ("/session/dataframe/1", {"organizations_ready": "13"}, "organizations_ready is text"),
        ("/session/dataframe/1", {"last_session_task": {"id": "7"}}, "last_session_task.id is"),
        ("/session/dataframe/1", {"columns": [{"name": 1}]}, r"columns\[0\].name is"),
    ],
)
def test_row_that_violates_the_contract_is_an_error(
    client: Client, world: World, end: str, row: dict[str, Any], message: str
) -> None:
    world.hq.answers[end] = 200, row if "id" in row else world.hq.frame(1) | row
    with pytest.raises(InvalidResponseError, match=message):
        client.dataframe.preprocess(1, "image", "keep", {"low": 1})
    assert not world.inputs


def test_tasks_that_follow_themselves_end_the_tree(
    client: Client, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    task = {**world.hq.task({}), "name": "one", "method": "f", "depends_on": []}
    world.hq.tasks = [task, {**task, "depends_on": [9]}, {**task, "id": 10, "depends_on": [10]}]
    client.session.task_tree(4)
    assert capsys.readouterr().out.count("(id 9") < 2
