"""Test that a task is found if the response to its creation is lost."""

from typing import Any

import pytest

from vantage6.client import (
    AsyncClient,
    ConnectionFailedError,
    ServerError,
    TaskCreationUncertainError,
)

from ..conftest import Recorded

TASK: dict[str, Any] = {
    "name": "once",
    "image": "harbor2.vantage6.ai/demo/average",
    "description": "and no more",
    "databases": "default",
    "collaboration": 1,
    "method": "partial_average",
    "kwargs": {"column_name": "age"},
}
LOST = ConnectionFailedError("it broke", method="POST", url="task", may_have_arrived=True)
GATEWAY = ServerError("Bad Gateway", method="POST", url="task", status=502)


@pytest.mark.vcr
async def test_task_with_lost_response(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    # Here the answers are as old as the recording, and tell no time.
    monkeypatch.setattr("vantage6.client._async.tasks.create.server_time", lambda *_: 0.0)
    async with AsyncClient("http://127.0.0.1", recorded.port, log_level=None) as client:
        await client.authenticate("researcher", recorded.passwords["researcher"])
        before = await client.task.create([1, 2], **TASK)
        http = client._core.http
        exchange, lost = http.exchange, [LOST, GATEWAY, LOST]

        async def losing(call: Any, *options: Any) -> Any:
            answer = await exchange(call, *options)
            if call.operation == "create_task":
                raise lost.pop(0)
            return answer

        monkeypatch.setattr(http, "exchange", losing)
        first = await client.task.create([1, 2], **TASK)
        second = await client.task.create([1], **TASK)
        assert before["id"] < first["id"] < second["id"]
        client._core.state.created.add(second["id"] + 1)  # so that what comes is none to take
        with pytest.raises(
            TaskCreationUncertainError, match=r"it broke\. The server may have .* 'once'"
        ):
            await client.task.create([1], **TASK)
