"""A node without containers, which runs algorithms as local processes."""

# To the server it is a regular node: it logs in with an API key, holds a Socket.IO connection, and
# makes the same requests and emits the same events in the same order as real nodes.

import csv
import datetime
import functools
import itertools
import logging
import queue
import re
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, TypeVar, cast

import httpx

from vantage6.bindings.secret import Secret
from vantage6.bindings.server import calls
from vantage6.localnet import _algorithm_runner, _api
from vantage6.localnet._algorithm_runner import AlgorithmRunner
from vantage6.localnet._algorithms import find_algorithm
from vantage6.localnet._encryption import PayloadCodec
from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._event_relay import EventRelay
from vantage6.localnet._organizations import database_type, open_text
from vantage6.localnet._proxy import Proxy

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    # Rows instead of models: a node reads few fields, which are the same in all server versions.
    from vantage6.bindings.server.rows import ContainerLogin, Run, TaskWithoutRuns

T = TypeVar("T")

_log = logging.getLogger("vantage6.localnet")
# Calls of HQ or of a server: a node makes few, which have the same names in both.
Calls = Any
# Events announce runs immediately; polling finds those whose event was lost.
_POLL_SECONDS = 20.0
_STOP_SECONDS = 5.0
# Delay before a request is repeated while the server is unreachable.
_RETRY_SECONDS = 0.5
_PAGE = 100
# Nodes take an entry of a policy with one of these for a regular expression, others for a name.
_PATTERN = re.compile(r"[*\\?$^\[\](){}|+]")
_NO_SUCH_TASK = 400


@dataclass(frozen=True)
class NodeConfig:
    """Ids, credentials, data and policy of a node."""

    id: int
    organization_id: int
    collaboration_id: int
    name: str
    api_key: str = field(repr=False)
    databases: dict[str, Path]
    folder: Path
    codec: PayloadCodec
    allowed: tuple[str, ...] = ()

    def allows(self, image: str) -> bool:
        """Return whether the policy allows an image, as nodes of 4.15.2 and 5.0.3 decide it."""
        # Real nodes also compare the digests of two tags of an image, which do not exist here.
        names = {image, re.sub(r"(:[^/:@]+)?(@.*)?$", "", image, count=1)}
        return not self.allowed or any(
            re.match(entry, image) if _PATTERN.search(entry) else entry in names
            for entry in self.allowed
        )


@dataclass(frozen=True)
class NodeLogin:
    """A node's client for the API, the address of the events, and the tokens for them."""

    api: httpx.Client
    url: str
    token: Callable[[], str]


class CannotStartError(LocalNetworkError):
    """A node does not start a run; `status` says why to the server."""

    def __init__(self, status: str, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class RunToKill(TypedDict):
    """A run to kill."""

    run_id: int


class KillOrder(TypedDict, total=False):
    """Data of a `kill_containers` event; without a list, it means all runs."""

    collaboration_id: int
    node_id: int
    kill_list: list[RunToKill]


class Node:
    """The node of one organization in one collaboration."""

    calls: Calls = calls
    # Events that a node handles, and what it calls them.
    event_names: ClassVar[dict[str, str]] = {
        "sync": "sync",
        "new_task": "new_task",
        "kill_containers": "kill_containers",
    }

    def __init__(
        self,
        login: NodeLogin,
        config: NodeConfig,
        algorithms: Mapping[str, Path],
        runner: AlgorithmRunner,
        proxy: Proxy,
        relay: EventRelay,
    ) -> None:
        self.config = config
        self.algorithms = algorithms
        self.runner = runner
        self.emit = functools.partial(relay.emit, config.id)
        self.login = login
        self.api = login.api
        self.proxy_port = proxy.port
        self.proxy_path = proxy.add_node(self.api, config.codec)
        self.online = threading.Event()
        self.is_disconnected = True
        self.stopping = threading.Event()
        self._events: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()
        self._executions: dict[int, Execution] = {}
        self._thread = threading.Thread(
            target=self._handle_events, name=f"localnet-node-{config.id}", daemon=True
        )
        self._thread.start()
        self.relay = relay
        self.connect()

    def on_event(self, event: str, data: object) -> None:
        """Queue an event for the node's thread."""
        if event in self.event_names:
            self._events.put((self.event_names[event], data))

    def connect(self) -> None:
        """Go online, and start the open runs."""
        self.is_disconnected = False
        self.relay.connect(self.config.id, self.login.url, self.login.token(), self.on_event)

    def disconnect(self) -> None:
        """Go offline and start no more runs; active runs continue."""
        self.is_disconnected = True
        self.online.clear()
        self.relay.disconnect(self.config.id)

    def stop(self) -> None:
        """Stop the node, and kill its active runs without a report."""
        self.stopping.set()
        self._events.put(("stop", None))
        self._thread.join(_STOP_SECONDS)
        for execution in list(self._executions.values()):
            self.runner.kill(execution.execution_id)
            execution.ended.wait(_STOP_SECONDS)
        self.api.close()

    def _handle_events(self) -> None:
        """Handle events, and poll for open runs, until stopped."""
        while not self.stopping.is_set():
            try:
                event, data = self._events.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                event, data = "poll", None
            try:
                self.handle_event(event, data)
            except Exception:  # the next event or poll may succeed
                if not self.stopping.is_set():
                    _log.warning("node %s: %r failed", self.config.id, event, exc_info=True)

    def handle_event(self, event: str, data: object) -> None:
        """Handle one event."""
        match event, data:
            case "kill_containers", dict():
                self._kill_runs(cast("KillOrder", data))
            case "new_task", {"id": int(task_id)}:
                self._start_open_runs(task_id)
            case "sync", _:
                self.emit("node_info_update", self.details(), wait_until_handled=True)
                self._start_open_runs()
                self.online.set()
            case "poll", _:
                self._start_open_runs()
            case _:
                pass  # "stop" only wakes the thread

    def details(self) -> dict[str, object]:
        """Return the node's configuration, which real nodes send when they connect."""
        databases = self.config.databases
        types = {f"db_type_{label}": database_type(path) for label, path in databases.items()}
        return {
            "encryption": self.config.codec.is_encrypted,
            "allowed_algorithms": list(self.config.allowed) or "all",
            "database_labels": list(databases),
            "database_types": types,
            "database_columns": {
                f"columns_{label}": _csv_columns(path)
                for label, path in databases.items()
                if database_type(path) == "csv"
            },
        }

    def _start_open_runs(self, task_id: int | None = None) -> None:
        """Start the open runs of one task, or of all tasks."""
        if self.is_disconnected:
            return
        for page in itertools.count(1):
            call = self.calls.list_runs(
                state="open",
                include=["task"],
                node_id=self.config.id,
                task_id=task_id,
                page=page,
                per_page=_PAGE,
                sort="id",
            )
            try:
                runs = _api.send(self.api, call)
            except _api.ApiError as error:
                if task_id is not None and error.status == _NO_SUCH_TASK:
                    return  # the task was deleted after the event
                raise
            for run in runs["data"]:
                if run["id"] not in self._executions:
                    self._start_run(run)
            if not runs["links"].get("next"):
                return

    def _start_run(self, run: "Run") -> None:
        """Execute a run in a thread."""
        execution = self._executions[run["id"]] = self.execution(run)

        def work() -> None:
            execution.run()
            del self._executions[run["id"]]

        threading.Thread(target=work, name=f"localnet-run-{run['id']}", daemon=True).start()

    def execution(self, run: "Run") -> "Execution":
        """Return the execution of a run."""
        return Execution(self, run)

    def _kill_runs(self, order: "KillOrder") -> None:
        """Kill the runs of a kill order."""
        config = self.config
        if order.get("collaboration_id") != config.collaboration_id:
            return
        if order.get("node_id", config.id) != config.id:
            return
        all_runs = [RunToKill(run_id=run_id) for run_id in list(self._executions)]
        for item in order.get("kill_list", all_runs):
            execution = self._executions.get(item["run_id"])
            if execution is not None:
                execution.kill()


class Execution:
    """The execution of one run on a node."""

    def __init__(self, node: Node, run: "Run") -> None:
        self.node = node
        self.run_row = run
        self.task = cast("TaskWithoutRuns", run["task"])
        self.folder = node.config.folder / f"run-{run['id']}"
        self.log: list[str] = []
        self._killed = threading.Event()
        self.execution_id = node.runner.next_execution_id()
        self.ended = threading.Event()

    def kill(self) -> None:
        """Kill the run on a user's request."""
        self._killed.set()
        self.node.runner.kill(self.execution_id)
        self.emit_status("killed by user")
        try:
            self.report_kill()
        except _api.ApiError as error:
            # The server marks the runs of a killed task as ended and then rejects updates.
            _log.debug("run %s was ended by the server: %s", self.run_row["id"], error)

    def report_kill(self) -> None:
        """Report that the run was killed."""
        self.update_run(status="killed by user", log="".join(self.log), finished_at=utc_now())

    def run(self) -> None:
        """Execute the run and report its status; never raises."""
        try:
            self.execute()
        except CannotStartError as error:
            self.fail(error.status, str(error))
        except Exception as error:  # an open run would be started again
            if not self.is_stopping():
                self.fail("failed", f"The node could not execute the run: {error}")
        finally:
            self.ended.set()

    def is_stopping(self) -> bool:
        """Return whether the run needs no report, because it was killed or the node stops."""
        return self._killed.is_set() or self.node.stopping.is_set()

    def execute(self) -> None:
        """Run the algorithm and report the result."""
        node, config, image = self.node, self.node.config, self.task["image"] or ""
        if not config.allows(image):
            reason = f"The node's policy does not allow the image {image!r}."
            raise CannotStartError("not allowed", reason)
        self.update_run(started_at=utc_now())
        algorithm = find_algorithm(node.algorithms, image)
        if algorithm is None:
            known = ", ".join(sorted(node.algorithms))
            reason = (
                f"The local network has no algorithm for the image {image!r}. Available: {known}."
            )
            raise CannotStartError("non-existing Docker image", reason)
        environment = self.prepare(algorithm)
        # An update without a log deletes earlier lines, so it must precede the first line.
        self.update_run(status="active")
        self.emit_status("active")
        code = node.runner.run(self.execution_id, self.folder, environment, self.on_log)
        if not self.is_stopping():
            if code not in (0, 1):  # 1: the log says why
                self.on_log(f"{_describe_end(code)}\n")
            self.report("completed" if code == 0 else "crashed")

    def prepare(self, algorithm: Path) -> dict[str, str]:
        """Write the files for the official wrapper and return its environment variables."""
        node, task = self.node, self.task
        body: ContainerLogin = {"image": task["image"] or "", "task_id": task["id"]}
        return _algorithm_runner.prepare_run(
            self.folder,
            algorithm=algorithm,
            input_=self._read_input(),
            token=Secret(self.send(calls.create_container_token(body))["container_token"]),
            proxy=(node.proxy_port, node.proxy_path),
            databases=node.config.databases,
            requested=task["databases"],
        )

    def _read_input(self) -> bytes:
        """Return the decoded input of the run."""
        value, codec = self.run_row["input"] or "", self.node.config.codec
        if self.run_row.get("blob_storage_used"):
            blob = self._retry_until_connected(lambda: _api.get_blob(self.node.api, value))
            return codec.decode_blob(blob)
        return codec.decode(value)

    def on_log(self, lines: str) -> None:
        """Store log lines and send them to the server."""
        self.log.append(lines)
        self.node.emit(
            "algorithm_log",
            {
                "collaboration_id": self.node.config.collaboration_id,
                "run_id": self.run_row["id"],
                "task_id": self.task["id"],
                "log": lines,
            },
        )

    def report(self, status: str) -> None:
        """Upload the result with the log and the final status."""
        self.emit_status(status)  # before the result, as real nodes do
        codec, public_key = self.node.config.codec, self.recipient_key()
        output = _algorithm_runner.read_output(self.folder)
        if self.run_row.get("blob_storage_used"):
            blob = codec.encode_blob(output, public_key)
            result = self._retry_until_connected(lambda: _api.put_blob(self.node.api, blob))
        else:
            result = codec.encode(output, public_key)
        self.update_run(status=status, result=result, log="".join(self.log), finished_at=utc_now())

    def recipient_key(self) -> str | None:
        """Return the public key of the organization that gets the result, if it is encrypted."""
        initiator = self.task["init_org"]
        if initiator is None or not self.node.config.codec.is_encrypted:
            return None
        return self.send(calls.get_organization(initiator["id"]))["public_key"]

    def fail(self, status: str, reason: str) -> None:
        """Report a run without a result."""
        try:
            self.update_run(status=status, log=reason, finished_at=utc_now())
        except (_api.ApiError, _api.TransportError) as error:
            _log.info(
                "run %s: %s (the server rejected the report: %s)", self.run_row["id"], reason, error
            )
            return
        self.emit_status(status)

    def update_run(self, **changes: str) -> None:
        """Update the run on the server."""
        self.send(self.node.calls.update_run(self.run_row["id"], changes))

    def send(self, call: "Call[T]") -> T:
        """Send a request, repeated until the server is reachable."""
        return self._retry_until_connected(lambda: _api.send(self.node.api, call))

    def _retry_until_connected(self, function: Callable[[], T]) -> T:
        """Call a function, repeatedly while the server is unreachable, as real nodes do."""
        # A run whose end is never reported would be started again.
        while True:
            try:
                return function()
            except _api.TransportError:
                if self.node.stopping.wait(_RETRY_SECONDS):
                    raise

    def emit_status(self, status: str) -> None:
        """Emit a status change to the collaboration."""
        config, parent = self.node.config, self.task["parent"]
        self.node.emit(
            "algorithm_status_change",
            {
                "node_id": config.id,
                "status": status,
                "run_id": self.run_row["id"],
                "task_id": self.task["id"],
                "collaboration_id": config.collaboration_id,
                "organization_id": config.organization_id,
                "parent_id": parent["id"] if parent is not None else None,
            },
            # The server appends log lines, so they must not arrive after the report with the full
            # log.
            wait_until_handled=True,
        )


def _describe_end(code: int) -> str:
    """Return how a process has ended, by its exit code, which is negative after a signal."""
    if code >= 0:
        return f"The process of the algorithm ended with exit code {code}."
    try:
        name = f" ({signal.Signals(-code).name})"
    except ValueError:  # a real-time signal
        name = ""
    return f"The process of the algorithm was ended by signal {-code}{name}."


def _csv_columns(path: Path) -> list[str]:
    """Return the column names of a CSV file."""
    with open_text(path) as file:
        return next(csv.reader(file), list[str]())


def utc_now() -> str:
    """Return the current UTC time in the server's format, without an offset."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
