"""Test that an HQ that lies gets no input, no decision and no line that is not for it."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_hq import Hq, ref
from vantage6.client import (
    AsyncClient,
    BadRequestError,
    Extraction,
    InvalidInputError,
    InvalidResponseError,
    PublicKeyChangedError,
)
from vantage6.client._encryption.key_files import write_private_key
from vantage6.client._encryption.keys import (
    fingerprint,
    generate_private_key,
    private_key_to_pem,
    public_key_of,
)

KEY = generate_private_key(2048)
THEIRS, EVIL = (public_key_of(generate_private_key(2048)) for _ in range(2))
TASK: dict[str, Any] = {"method": "f", "action": "federated_compute", "session": 4}


@pytest.fixture
def client(hq_client: AsyncClient) -> AsyncClient:
    return hq_client


@pytest.fixture
def members(hq: Hq) -> list[dict[str, Any]]:
    """Serve the members of the collaboration, the first of which is one's own organization."""
    rows: list[dict[str, Any]] = [
        {"id": 3, "name": "IKNL", "public_key": public_key_of(KEY)},
        {"id": 5, "name": "Maastro", "public_key": THEIRS},
    ]
    hq.public_key = ""
    hq.answers["/organization"] = hq.page(rows)
    return rows


async def encrypt(client: AsyncClient, hq: Hq, folder: Path) -> None:
    write_private_key(folder / "key.pem", private_key_to_pem(KEY))
    own = {"id": 3, "name": "IKNL", "public_key": public_key_of(KEY)}
    hq.answers["/organization/3"] = 200, own
    await client.setup_encryption(folder / "key.pem")
    del hq.answers["/organization/3"]


def posted(hq: Hq) -> list[str]:
    return [path for method, path, _ in hq.sent if method in ("POST", "DELETE", "PATCH")]


async def test_row_of_another_collaboration_sends_nothing(client: AsyncClient, hq: Hq) -> None:
    hq.answers["/collaboration/1"] = 200, {"id": 77, "name": "open", "encrypted": False}
    with pytest.raises(InvalidResponseError, match="id: expected 1, got 77"):
        await client.task.create([1], "task", "image", **TASK)
    with pytest.raises(InvalidResponseError, match="id: expected 1, got 77"):
        await client.dataframe.create("default", "image", "read", session=4)
    with pytest.raises(InvalidResponseError, match="id: expected 1, got 77"):
        await client.collaboration.trust(1)
    assert not posted(hq)


async def test_row_of_another_session_or_data_frame_sends_nothing(
    client: AsyncClient, hq: Hq
) -> None:
    hq.answers["/session/4"] = 200, hq.session(5)
    hq.answers["/session/dataframe/1"] = 200, hq.frame(2)
    for call in (
        lambda: client.session.get(4),
        lambda: client.setup_session(4),
        lambda: client.task.create([1], "task", "image", **TASK),
        lambda: client.dataframe.create("default", "image", "read", session=4),
    ):
        with pytest.raises(InvalidResponseError, match="id: expected 4, got 5"):
            await call()
    for call in (
        lambda: client.dataframe.get(1),
        lambda: client.dataframe.columns(1),
        lambda: client.dataframe.preprocess(1, "image", "keep"),
        lambda: client.dataframe.wait(1),
    ):
        with pytest.raises(InvalidResponseError, match="id: expected 1, got 2"):
            await call()
    assert not posted(hq)


async def test_session_of_another_collaboration_gets_no_task(client: AsyncClient, hq: Hq) -> None:
    hq.answers["/session/4"] = 200, hq.session(4, collaboration=2)
    with pytest.raises(InvalidInputError, match=r"collaboration 1 .*of collaboration 2"):
        await client.task.create([1], "task", "image", **TASK, collaboration=1)
    assert not posted(hq)


async def test_known_name_under_another_id_gets_no_data(
    client: AsyncClient, hq: Hq, members: list[dict[str, Any]], tmp_path: Path
) -> None:
    await encrypt(client, hq, tmp_path)
    hq.sent.clear()
    await client.task.create(["Maastro"], "task", "image", **TASK)
    members[1] |= {"id": 99, "name": "maastro ", "public_key": EVIL}
    client._core.names.forget()
    csv = Extraction("default", "read_csv")
    for call in (
        lambda: client.task.create(["Maastro"], "task", "image", **TASK),
        lambda: client.task.create([99], "task", "image", **TASK, databases=[csv]),
        lambda: client.dataframe.create("default", "image", "read", organizations=["Maastro"],
                                        session=4),
    ):  # fmt: skip
        with pytest.raises(PublicKeyChangedError, match="expected organization 5"):
            await call()
    assert posted(hq) == ["/task"]


async def test_fingerprint_is_trusted_for_the_requested_organization_only(
    client: AsyncClient, hq: Hq, tmp_path: Path
) -> None:
    hq.answers["/organization/5"] = 200, {"id": 42, "name": "Maastro", "public_key": THEIRS}
    with pytest.raises(InvalidResponseError, match="id: expected 5, got 42"):
        await client.organization.trust(5, fingerprint(THEIRS))
    assert not (tmp_path / "known").exists() or "42" not in (tmp_path / "known").read_text()


@pytest.mark.parametrize("missing", ["row", "key"])
async def test_missing_own_key_is_noticed(
    client: AsyncClient, hq: Hq, members: list[dict[str, Any]], tmp_path: Path, missing: str
) -> None:
    await encrypt(client, hq, tmp_path)
    hq.sent.clear()
    if missing == "row":
        del members[0]
    else:
        members[0]["public_key"] = ""
    with pytest.raises(PublicKeyChangedError, match=r"your own organization 3.*got none"):
        await client.task.create([5], "task", "image", **TASK)
    with pytest.raises(PublicKeyChangedError, match=r"your own organization 3.*got none"):
        await client.dataframe.create("default", "image", "read", organizations=[5], session=4)
    assert not posted(hq)


async def test_text_of_digits_is_an_id_and_not_the_name_of_another(
    client: AsyncClient, hq: Hq
) -> None:
    hq.more_sessions = [hq.session(8, "4"), hq.session(9, "4 ")]
    named = {**hq.frame(2), "name": "1"}
    hq.answers["/session/4/dataframe"] = hq.page([hq.frame(1), named])
    await client.session.delete("4", delete_dependents=True)
    await client.dataframe.delete("1")
    paths = [path.partition("?")[0] for path in posted(hq)]
    assert paths == ["/session/4", "/session/dataframe/1"]


async def test_line_break_of_hq_begins_no_line(
    client: AsyncClient,
    hq: Hq,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    name = "x\nINFO forged\x1b[2J"
    hq.answers["/session"] = 400, {"msg": name, "errors": {"name": [name]}}
    with pytest.raises(BadRequestError) as caught:
        await client.session.create("own", "survival")
    assert str(caught.value).isprintable()
    del hq.answers["/session"]
    hq.answers["/session/4/dataframe"] = hq.page([{**hq.frame(1), "name": name}])
    row = {**hq.task({}), "name": name, "method": name, "depends_on": [], "session": ref(4)}
    hq.tasks = [row]
    await client.session.tree()
    await client.session.task_tree(4)
    hq.answers["/session/4"] = 200, hq.session(4, name)
    await client.session.task_tree(4)
    hq.answers["/session/4/dataframe"] = 201, {**hq.frame(1), "name": name}
    await client.dataframe.create("default", "image", "read", session=4, name="patients")
    for line in (capsys.readouterr().out + caplog.text).splitlines():
        assert not line.startswith("INFO forged"), line
        assert "\x1b" not in line, line
