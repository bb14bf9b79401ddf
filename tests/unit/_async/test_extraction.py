"""Test extractions as databases: labels on servers 4.x, data frames that the client makes at HQ."""

import json
import logging
from typing import Any

import pytest

from tests.support.scripted_hq import Hq
from vantage6.client import (
    AsyncClient,
    Extraction,
    InvalidInputError,
    TaskFailedError,
    WaitTimeoutError,
)

CSV = Extraction("default", "read_csv")


@pytest.fixture
def client(hq_client: AsyncClient) -> AsyncClient:
    return hq_client


async def create(client: AsyncClient, *databases: Any, **options: Any) -> Any:
    wanted: dict[str, Any] = {"method": "f", "action": "federated_compute"}
    wanted |= options
    organizations = wanted.pop("organizations", [1, 2])
    return await client.task.create(
        organizations, "t", "image", databases=list(databases), **wanted
    )


def extractions(hq: Hq) -> list[Any]:
    return [
        body
        for method, path, body in hq.sent
        if method == "POST" and path.startswith("/session/") and path.endswith("/dataframe")
    ]


async def test_data_is_extracted_once_in_the_session_of_the_client(
    client: AsyncClient, hq: Hq
) -> None:
    hq.outcomes = {1: ["active", "active", "completed"], 2: ["completed"]}
    await create(client, CSV)
    for _ in range(9):
        await create(client, Extraction("default", "read_csv"))
    (body,) = extractions(hq)
    assert body["label"] == "default"
    assert body["name"].startswith("vantage6-sdk-")
    assert (body["task"]["image"], body["task"]["method"]) == ("image", "read_csv")
    assert [part["id"] for part in body["task"]["organizations"]] == [1, 2]
    (session,) = hq.bodies("/session")
    assert (session["scope"], session["name"][:13]) == ("own", "vantage6-sdk-")
    tasks = hq.bodies("/task")
    assert len(tasks) == 10
    assert {json.dumps(task["databases"]) for task in tasks} == {
        '[[{"type": "dataframe", "dataframe_id": 50}]]'
    }


async def test_task_is_created_only_when_the_data_is_ready(client: AsyncClient, hq: Hq) -> None:
    hq.outcomes = {1: ["active"] * 5 + ["completed"]}
    await create(client, CSV)
    looks = [path for method, path, _ in hq.sent if path.startswith("/task/500")]
    assert len(looks) >= 5
    assert hq.sent[-1][:2] == ("POST", "/task")


@pytest.mark.parametrize(
    "other",
    [
        Extraction("other", "read_csv"),
        Extraction("default", "read_sql"),
        Extraction("default", "read_csv", image="another"),
        Extraction("default", "read_csv", arguments={"sep": ";"}),
        Extraction("default", "read_csv", name="patients"),
        Extraction("default", "read_csv", refresh=True),
    ],
)
async def test_another_extraction_makes_another_data_frame(
    client: AsyncClient, hq: Hq, other: Extraction
) -> None:
    await create(client, CSV)
    await create(client, other)
    first, second = extractions(hq)
    assert first["name"] != second["name"]
    await create(client, CSV, other)
    assert len(extractions(hq)) == (3 if other.refresh else 2)


async def test_refreshed_data_is_used_from_then_on(client: AsyncClient, hq: Hq) -> None:
    await create(client, CSV)
    await create(client, Extraction("default", "read_csv", refresh=True))
    await create(client, CSV)
    assert len(extractions(hq)) == 2
    frames = [task["databases"][0][0]["dataframe_id"] for task in hq.bodies("/task")]
    assert frames == [50, 51, 51]


async def test_data_frame_of_an_earlier_program_is_reused_with_its_age(
    client: AsyncClient, hq: Hq, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="vantage6.client")
    await create(client, CSV, session=4)
    client._core.state.extracted.clear()  # as in another program
    await create(client, CSV, session=4)
    assert len(extractions(hq)) == 1
    assert any("ago" in line and "Using data frame" in line for line in caplog.messages)
    await create(client, CSV, session=5)
    assert len(extractions(hq)) == 2


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Extraction("other", "read_csv", name="patients"), "database 'default'"),
        (Extraction("default", "read_sql", name="patients"), "last step is 'read_csv'"),
    ],
)
async def test_name_of_another_extraction_is_refused(
    client: AsyncClient, hq: Hq, other: Extraction, message: str
) -> None:
    await create(client, Extraction("default", "read_csv", name="patients"), session=4)
    with pytest.raises(InvalidInputError, match=message):
        await create(client, other, session=4)
    assert len(extractions(hq)) == 1


async def test_arguments_of_an_earlier_program_are_compared(client: AsyncClient, hq: Hq) -> None:
    one = Extraction("default", "read_csv", arguments={"sep": ";"}, name="patients")
    two = Extraction("default", "read_csv", arguments={"sep": ","}, name="patients")
    await create(client, one, session=4)
    client._core.state.extracted.clear()
    await create(client, one, session=4)
    with pytest.raises(InvalidInputError, match=r"arguments \{.*,.*\}, got 'patients'"):
        await create(client, two, session=4)


async def test_preprocessed_data_frame_is_not_taken_for_the_extraction(
    client: AsyncClient, hq: Hq
) -> None:
    await create(client, CSV)
    hq.extracted[0]["last_session_task"]["method"] = "keep_between"
    await create(client, CSV)
    assert len(extractions(hq)) == 2


async def test_failed_extraction_names_the_organization_and_is_repeated(
    client: AsyncClient, hq: Hq
) -> None:
    hq.outcomes, hq.log = {1: ["completed"], 2: ["crashed"]}, "error > no such file"
    with pytest.raises(TaskFailedError, match=r"failed at org2, so the task was not created") as e:
        await create(client, CSV)
    assert "no such file" in str(e.value)
    assert not hq.bodies("/task")
    hq.extracted[0]["failed_at"] = [2]
    hq.outcomes[2] = ["completed"]
    await create(client, CSV)
    first, second = extractions(hq)
    assert first["name"] != second["name"]
    assert len(hq.bodies("/task")) == 1


async def test_failure_elsewhere_does_not_matter(client: AsyncClient, hq: Hq) -> None:
    hq.outcomes = {3: ["crashed"]}
    with pytest.raises(TaskFailedError):
        await create(client, CSV, organizations=[1, 3])
    await create(client, CSV, organizations=[1])
    assert len(extractions(hq)) == 1


async def test_further_organizations_extract_together(client: AsyncClient, hq: Hq) -> None:
    await create(client, CSV, organizations=[1])
    await create(client, CSV, organizations=[2])
    await create(client, CSV, organizations=[1, 2])
    asked = [[part["id"] for part in body["task"]["organizations"]] for body in extractions(hq)]
    assert asked == [[1], [1, 2]]


async def test_central_task_waits_for_all_online_organizations(client: AsyncClient, hq: Hq) -> None:
    hq.nodes = {1: "online", 2: "online", 3: "offline"}
    hq.outcomes = {2: ["active"] * 4 + ["completed"], 3: ["pending"]}
    await create(client, CSV, organizations=[1], action="central_compute")
    (body,) = extractions(hq)
    assert [part["id"] for part in body["task"]["organizations"]] == [1, 2, 3]
    assert hq.outcomes[2] == ["completed"]


async def test_timeout_includes_the_extraction(client: AsyncClient, hq: Hq) -> None:
    hq.outcomes = {1: ["active"]}
    with pytest.raises(WaitTimeoutError):
        await client.task.run(
            [1],
            "t",
            "image",
            method="f",
            action="federated_compute",
            databases=CSV,
            timeout=0.3,
            interval=0.1,
        )
    assert not hq.bodies("/task")


async def test_session_is_that_of_the_other_data_frames(client: AsyncClient, hq: Hq) -> None:
    await create(client, CSV, "frame11")
    assert not hq.bodies("/session")
    (task,) = hq.bodies("/task")
    assert task["session_id"] == 5
    assert [group[0]["dataframe_id"] for group in task["databases"]] == [50, 11]


async def test_extractions_of_one_argument_are_a_group(client: AsyncClient, hq: Hq) -> None:
    await create(client, [CSV, Extraction("other", "read_csv")])
    (task,) = hq.bodies("/task")
    assert [frame["dataframe_id"] for frame in task["databases"][0]] == [50, 51]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": "a b"}, "label: expected a label"),
        ({"label": 1}, "label: expected a label"),
        ({"method": ""}, "method: expected text"),
        ({"method": None}, "method: expected text"),
        ({"image": 1}, "image: expected text"),
        ({"name": ""}, "name: expected text"),
        ({"arguments": [1]}, "arguments: expected a dict"),
        ({"arguments": {1: 2}}, "arguments: expected a dict"),
    ],
)
def test_wrong_extractions_are_refused(given: dict[str, Any], message: str) -> None:
    wanted: dict[str, Any] = {"label": "default", "method": "read_csv"} | given
    with pytest.raises(InvalidInputError, match=message):
        Extraction(wanted.pop("label"), wanted.pop("method"), **wanted)
