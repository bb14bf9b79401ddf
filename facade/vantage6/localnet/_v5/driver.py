"""Sessions, data frames and tasks of version 5, for the demo and for tests, until the client."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vantage6.bindings.hq import calls
from vantage6.client._encryption import keys as _keys
from vantage6.localnet import _api
from vantage6.localnet._encryption import PayloadCodec
from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._v5.login import Login, api_client, password_login

if TYPE_CHECKING:
    from vantage6.bindings.hq import rows
    from vantage6.localnet._network import LocalNetwork

AVERAGE = "harbor2.vantage6.ai/demo/average"
_PAGE = 100
_WAIT_SECONDS = 120.0
_POLL_SECONDS = 0.2


def driver(network: "LocalNetwork", username: str = "researcher") -> "Driver":
    """Return a user of a network of version 5, who is logged in."""
    user = network.users[username]
    login = password_login(network.auth_url or "", username, user.password)
    key = network.private_keys.get(user.organization_id)
    return Driver(network.url + network.api_path, login, network.collaboration.id, key)


class Driver:
    """A user of HQ who extracts data and computes with it."""

    def __init__(
        self, url: str, login: Login, collaboration: int, private_key: Path | None
    ) -> None:
        self.api = api_client(url, login)
        self._collaboration = collaboration
        key = _keys.load_private_key(private_key.read_bytes()) if private_key else None
        self._codec = PayloadCodec(key)

    def __enter__(self) -> "Driver":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.api.close()

    def session(self, study: int | None = None) -> int:
        """Create a session and return its id."""
        body: rows.SessionInput = {
            "collaboration_id": self._collaboration,
            "scope": "own",
            "study_id": study,
        }
        return _api.send(self.api, calls.create_session(body))["id"]

    def extract(
        self,
        session: int,
        organizations: Sequence[int],
        label: str = "default",
        method: str = "read_csv",
        image: str = AVERAGE,
    ) -> "rows.Dataframe":
        """Extract a data frame at organizations."""
        task: rows.SessionTaskInput = {
            "image": image,
            "method": method,
            "organizations": self._with_arguments(organizations, {}),
        }
        call = calls.create_dataframe(session, {"label": label, "task": task})
        return _api.send(self.api, call)

    def preprocess(
        self,
        frame: int,
        organizations: Sequence[int],
        method: str,
        image: str = AVERAGE,
        **arguments: object,
    ) -> "rows.Dataframe":
        """Change a data frame at organizations."""
        task: rows.SessionTaskInput = {
            "image": image,
            "method": method,
            "organizations": self._with_arguments(organizations, arguments),
        }
        call = calls.preprocess_dataframe(frame, {"dataframe_id": frame, "task": task})
        return _api.send(self.api, call)

    def compute(
        self,
        session: int,
        organizations: Sequence[int],
        method: str,
        frames: Sequence[int] = (),
        image: str = AVERAGE,
        action: "rows.ActionType" = "federated_compute",
        **arguments: object,
    ) -> int:
        """Create a task and return its id."""
        body: rows.TaskInput = {
            "name": method.replace("_", "-"),
            "collaboration_id": self._collaboration,
            "session_id": session,
            "image": image,
            "method": method,
            "action": action,
            "databases": [[{"type": "dataframe", "dataframe_id": frame}] for frame in frames],
            "organizations": self._with_arguments(organizations, arguments),
        }
        return _api.send(self.api, calls.create_task(body))["id"]

    def _with_arguments(
        self, organizations: Sequence[int], arguments: Mapping[str, object]
    ) -> "list[rows.TaskOrganization]":
        """Return organizations with the arguments of a function, encoded for each."""
        text = json.dumps(arguments).encode()
        return [
            {"id": organization, "arguments": self._codec.encode(text, self._key_of(organization))}
            for organization in organizations
        ]

    def _key_of(self, organization: int) -> str | None:
        """Return the public key of an organization, in an encrypted collaboration."""
        if not self._codec.is_encrypted:
            return None
        return _api.send(self.api, calls.get_organization(organization))["public_key"]

    def wait_for_frame(self, frame: int, seconds: float = _WAIT_SECONDS) -> "rows.Dataframe":
        """Wait until the last step of a data frame has ended at all organizations."""
        row = _api.send(self.api, calls.get_dataframe(frame))
        task = row["last_session_task"]
        if task is not None:
            self.wait(task["id"], seconds)
        return _api.send(self.api, calls.get_dataframe(frame))

    def runs(self, task: int) -> "list[rows.Run]":
        """Return all runs of a task."""
        return [*self._pages(task)]

    def _pages(self, task: int) -> "Iterator[rows.Run]":
        """Yield the runs of a task, page by page."""
        page, more = 1, True
        while more:
            call = calls.list_runs(task_id=task, page=page, per_page=_PAGE)
            found = _api.send(self.api, call)
            yield from found["data"]
            page, more = page + 1, "next" in found["links"]

    def wait(self, task: int, seconds: float = _WAIT_SECONDS) -> "list[rows.Run]":
        """Wait until all runs of a task have ended, and return them."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                runs = self.runs(task)
            except _api.TransportError:  # HQ or the identity provider may be starting again
                time.sleep(_POLL_SECONDS)
                continue
            if runs and all(run["finished_at"] for run in runs):
                return runs
            time.sleep(_POLL_SECONDS)
        raise LocalNetworkError(f"task {task}: expected an end within {seconds:.0f} s.")

    def results(self, task: int) -> dict[int, object]:
        """Wait for the results of a task, and return them by organization."""
        organizations: dict[int, int] = {}
        for run in self.wait(task):
            organization = run["organization"]
            if run["status"] != "completed" or organization is None:
                log = (run["log"] or "").strip()
                raise LocalNetworkError(f"run {run['id']}: {run['status']}. Its log:\n{log}")
            organizations[run["id"]] = organization["id"]
        found = _api.send(self.api, calls.get_task(task, include=["results"]))["results"]
        return {
            organizations[result["run"]["id"]]: self._decode(result["result"])
            for result in found
            if not isinstance(result, str)
        }

    def _decode(self, result: str | None) -> object:
        """Decode a result."""
        text = self._codec.decode(result or "")
        return json.loads(text) if text else None
