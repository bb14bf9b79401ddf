# Derived by unasync.py: edit tests/unit/_async/test_hq_cases.py instead.
"""Test what callers get from HQ where it differs from servers 4.x."""

import base64
import json
import logging
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_hq import Hq, ref
from vantage6.client import (
    BadRequestError,
    Client,
    EncryptionNotSetUpError,
    EndpointNotFoundError,
    PermissionDeniedError,
    StatusError,
    TaskFailedError,
    WaitTimeoutError,
)
from vantage6.client._encryption.cipher import decrypt, encrypt
from vantage6.client._encryption.key_files import write_private_key
from vantage6.client._encryption.keys import generate_private_key, private_key_to_pem, public_key_of


@pytest.fixture
def client(hq_client: Client) -> Client:
    return hq_client


def test_large_result_is_whole_and_in_no_log(
    client: Client, hq: Hq, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = json.dumps("x" * 3_000_000)
    hq.runs = [("completed", base64.b64encode(text.encode()).decode())]
    results = client.wait_for_results(9, progress=False)
    assert results.outputs == ["x" * 3_000_000]
    assert "xxxxxxxxxx" not in caplog.text


def test_results_have_their_organization_whatever_their_order(client: Client, hq: Hq) -> None:
    hq.runs = [("completed", base64.b64encode(b"%d" % n).decode()) for n in (1, 2, 3)]
    for results in (client.wait_for_results(9, progress=False),
                    client.result.from_task(9)):  # fmt: skip
        assert results.by_organization == {"org1": 1, "org2": 2, "org3": 3}


def test_failure_tells_siblings_from_those_that_crashed(client: Client, hq: Hq) -> None:
    hq.runs, hq.log = [("completed", "NDI="), ("crashed", ""), ("failed", None)], "sibling failed"
    with pytest.raises(TaskFailedError) as caught:
        client.wait_for_results(9, progress=False)
    assert [run["status"] for run in caught.value.runs] == ["completed", "crashed", "failed"]
    assert "org2" in str(caught.value)
    assert "crashed" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("/task", {"msg": 'Request body is incorrect: {"name": ["Shorter than 3"]}'}, "Shorter"),
        ("/session", {"msg": "Bad", "errors": {"name": ["Invalid name"]}}, "Invalid name"),
        ("/session/4/dataframe", {"msg": "Name is in use", "errors": {}}, "in use"),
        ("/kill/task", {"msg": "Task 9 already finished with status 'completed'"}, "already fin"),
    ],
)
def test_refusals_are_one_error_with_their_body(
    client: Client, hq: Hq, path: str, body: dict[str, Any], text: str
) -> None:
    hq.answers[path] = 400, body
    with pytest.raises(BadRequestError, match=text) as caught:  # noqa: PT012
        if path == "/task":
            client.task.create([1], "12", "i", method="f", action="federated_compute", session=4)
        elif path == "/session":
            client.session.create("own", "a b")
        elif path == "/kill/task":
            client.task.kill(9)
        else:
            client.dataframe.create("default", "i", "f", session=4, name="patients")
    assert caught.value.body is not None


def test_missing_permission_is_no_expired_login(client: Client, hq: Hq) -> None:
    hq.answers["/kill/task"] = 401, {"msg": "You lack the permission to do that!"}
    with pytest.raises(PermissionDeniedError):
        client.task.kill(9)
    assert len([path for method, path, _ in hq.sent if method == "POST"]) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(404, EndpointNotFoundError), (405, StatusError), (500, StatusError)]
)
def test_answers_in_html_are_errors_with_their_status(
    client: Client, hq: Hq, status: int, error: type[StatusError]
) -> None:
    hq.answers["/nothing"] = status, b"<!doctype html><title>no</title>"
    with pytest.raises(error) as caught:
        client.request("nothing")
    assert caught.value.status == status


def test_deleted_frame_of_an_old_task_is_no_error(client: Client, hq: Hq) -> None:
    frame = {"type": "dataframe", "dataframe_id": None, "dataframe_name": None, "label": None}
    hq.tasks = [hq.task({}) | {"databases": [frame], "session": ref(4)}]
    (task,) = client.task.list()
    assert task["databases"][0]["dataframe_id"] is None


def test_tasks_are_listed_newest_first(client: Client, hq: Hq) -> None:
    hq.tasks = [hq.task({}) | {"id": id_} for id_ in (9, 8, 7)]
    assert [task["id"] for task in client.task.list()] == [9, 8, 7]


def test_all_answers_of_many_organizations_are_there(client: Client, hq: Hq) -> None:
    hq.runs = [("completed", "NDI=")] * 12
    assert len(client.run.from_task(9)) == 12
    assert len(client.result.from_task(9)) == 12


def test_encrypted_arguments_and_results_that_are_nothing(
    client: Client, hq: Hq, tmp_path: Path
) -> None:
    key = generate_private_key(2048)  # faster than 4096 bits, whose first part has 684
    hq.public_key = public_key_of(key)
    asked: dict[str, Any] = {"method": "f", "action": "federated_compute", "session": 4}
    with pytest.raises(EncryptionNotSetUpError):
        client.task.create([3], "task", "image", **asked)
    write_private_key(tmp_path / "key.pem", private_key_to_pem(key))
    hq.answers["/organization/3"] = 200, {"id": 3, "name": "IKNL", "public_key": hq.public_key}
    client.setup_encryption(tmp_path / "key.pem")
    del hq.answers["/organization/3"]
    client.task.create([3], "task", "image", **asked)
    (body,) = hq.bodies("/task")
    assert decrypt(body["organizations"][0]["arguments"], key) == b"{}"

    nothing = encrypt(b"", hq.public_key)
    assert [len(part) for part in nothing.split("$")] == [344, 24, 0]
    hq.runs = [("completed", nothing), ("completed", encrypt(b"null", hq.public_key))]
    results = client.wait_for_results(9, progress=False)
    assert [row["result"] for row in results] == [None, "null"]
    hq.runs, hq.log = [("crashed", nothing)], "error > no such column"
    with pytest.raises(TaskFailedError, match="no such column") as caught:
        client.wait_for_results(9, progress=False)
    assert caught.value.results is not None
    assert caught.value.results.outputs == [None]


def test_end_of_a_completed_task_is_that_of_hq(client: Client, hq: Hq) -> None:
    hq.runs = [("completed", "NDI="), ("completed", "NDI=")]
    hq.finished = {1: "2026-11-27T06:34:31.208667", 2: "2026-11-27T06:34:35.000000"}
    assert (client.task.get(9))["finished_at"] == max(hq.finished.values())
    assert len(hq.sent) == 1


def test_times_are_in_utc(client: Client, hq: Hq) -> None:
    hq.runs, hq.finished = [("completed", "NDI=")], {1: "2026-11-27T06:34:31.208667"}
    rows = client.run.from_task(9)
    (time,) = rows.to_pandas()["finished_at"]
    assert time.to_pydatetime() == datetime(2026, 11, 27, 6, 34, 31, 208667, timezone.utc)
    assert "2026-11-27 06:34" in str(rows)
    assert "(UTC)" in str(rows)


def test_pending_run_that_has_started_is_shown_as_started(client: Client, hq: Hq) -> None:
    hq.runs, hq.started = [("pending", None)] * 2, {2: "2026-11-27T06:34:31.208667"}
    with pytest.raises(WaitTimeoutError, match=r"'org1' \(queued\), 'org2' \(starting\)"):
        client.wait_for_results(9, interval=0.1, timeout=0.2, progress=False)


def test_killed_central_task_shows_the_runs_of_its_subtask(client: Client, hq: Hq) -> None:
    hq.runs = [("killed by user", None)]
    hq.tasks = [hq.task({}) | {"id": 10, "parent": ref(9)}]
    with pytest.raises(TaskFailedError, match="killed by user") as caught:
        client.wait_for_results(9, progress=False)
    assert [run["status"] for run in caught.value.subtask_runs] == ["killed by user"]


def test_organization_that_hq_refuses_is_an_error_with_its_message(client: Client, hq: Hq) -> None:
    hq.store_error = 400, {"msg": "Organization id=99 is not in the collaboration"}
    with pytest.raises(BadRequestError, match="id=99 is not in the collaboration"):
        client.task.create([99], "task", "image", method="f", action="federated_compute", session=4)


def test_step_after_a_task_that_was_waited_for_starts_after_its_end(client: Client, hq: Hq) -> None:
    hq.runs = [("active", None)]
    hq.later = [hq.runs, hq.runs, [("completed", "NDI=")]]
    client.dataframe.preprocess("frame1", "image", "keep")
    assert hq.runs == [("active", None)]  # by itself it does not wait for tasks that compute
    client.wait_for_results(9, interval=0.1, progress=False)
    client.dataframe.preprocess("frame1", "image", "keep")
    sent = [(method, path.partition("?")[0]) for method, path, _ in hq.sent]
    step = ("POST", "/session/dataframe/1/preprocess")
    assert sent[-1] == step
    assert sent.count(step) == 2
    assert sent.count(("GET", "/task/9")) >= 3
