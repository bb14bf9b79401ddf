"""A node without containers: picks up an organization's runs, executes them, reports to the server.

To the server it is a node like any other: it logs in with an API key, holds a socket.io connection,
makes the same calls in the same order and emits the same events.
"""

import csv
import datetime
import functools
import itertools
import logging
import queue
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar, cast

from vantage6.bindings.secret import Secret
from vantage6.bindings.server import calls
from vantage6.bindings.server.api.token import create_node_token
from vantage6.bindings.server.models.node_login import NodeLogin
from vantage6.localnet import _api, _runs
from vantage6.localnet._algorithms import find
from vantage6.localnet._cipher import Cipher
from vantage6.localnet._parties import type_of
from vantage6.localnet._proxy import Proxy
from vantage6.localnet._relay import Relay
from vantage6.localnet._runs import Runner

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from vantage6.bindings.call import Call

    # Rows, not models: a node reads few fields, and those are the same in every server version.
    from vantage6.bindings.server.rows import Run, RunStatus, RunUpdate, TaskWithoutRuns

T = TypeVar("T")

_log = logging.getLogger("vantage6.localnet")
# Events tell a node of its runs at once; it looks for itself too, lest an event be lost.
_POLL_SECONDS = 20.0
_STOP_SECONDS = 5.0
# How long after a call that did not reach the server it is made again.
_PAUSE_SECONDS = 0.5
_PAGE = 100
_NO_SUCH_TASK = 400


@dataclass(frozen=True)
class Identity:
    """Who a node is, and what it needs to work.

    Attributes
    ----------
    id, organization_id, collaboration_id : int
        Ids on the server.
    api_key : str
        The key by which it logs in; ``repr`` leaves it out.
    databases : dict of str to Path
        The files with the organization's data, by label.
    folder : Path
        Private folder for what its runs read and write.
    cipher : Cipher
        The wire format of its organization.
    allowed : tuple of str
        Regular expressions of the images that it runs; it runs all if there are none.
    """

    id: int
    organization_id: int
    collaboration_id: int
    api_key: str = field(repr=False)
    databases: dict[str, Path]
    folder: Path
    cipher: Cipher
    allowed: tuple[str, ...] = ()

    def allows(self, image: str) -> bool:
        """Tell whether its policy lets it run an image; real nodes match names as loosely."""
        return not self.allowed or any(re.match(pattern, image) for pattern in self.allowed)


class KillItem(TypedDict):
    """One run to kill."""

    run_id: int


class KillOrder(TypedDict):
    """What the server sends to have the runs of a task killed."""

    collaboration_id: int
    kill_list: list[KillItem]


class Node:
    """One organization's node in one collaboration.

    Parameters
    ----------
    url : str
        The server's URL.
    identity : Identity
        Who the node is.
    algorithms : mapping of str to Path
        Image name to the Python file or package that stands for it.
    runner : Runner
        What executes algorithms.
    proxy : Proxy
        What passes the algorithms' requests on.
    relay : Relay
        What holds the node's socket.io connection.
    """

    def __init__(
        self,
        url: str,
        identity: Identity,
        algorithms: Mapping[str, Path],
        runner: Runner,
        proxy: Proxy,
        relay: Relay,
    ) -> None:
        self.identity = identity
        self.algorithms = algorithms
        self.runner = runner
        self.emit = functools.partial(relay.emit, identity.id)
        with _api.anonymous(url) as client:
            body = NodeLogin(api_key=identity.api_key)
            tokens = _api.answer(create_node_token.sync_detailed(client=client, body=body))
        self.api = _api.authenticated(url, tokens.access_token)
        self.proxy_port = proxy.port
        self.proxy_path = proxy.open(identity.id, self.api, identity.cipher)
        self.online = threading.Event()
        self._has_left = False
        self.stopping = threading.Event()
        self._events: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()
        self._executions: dict[int, Execution] = {}
        self._thread = threading.Thread(
            target=self._work, name=f"localnet-node-{identity.id}", daemon=True
        )
        self._thread.start()
        self._relay = relay
        relay.connect(identity.id, url, tokens.access_token, self.hear)

    def hear(self, event: str, data: object) -> None:
        """Take in an event of the node's connection; the node's own thread acts on it."""
        if event in ("sync", "new_task", "kill_containers"):
            self._events.put((event, data))

    def disconnect(self) -> None:
        """Be offline from now on, and start nothing more; what is at work goes on."""
        self._has_left = True
        self._relay.disconnect(self.identity.id)

    def stop(self) -> None:
        """Stop picking up runs, and end those at work without a report."""
        self.stopping.set()
        self._events.put(("stop", None))
        self._thread.join(_STOP_SECONDS)
        for execution in list(self._executions.values()):
            self.runner.kill(execution.ticket)
            execution.ended.wait(_STOP_SECONDS)
        self.api.get_httpx_client().close()

    def _work(self) -> None:
        """Act on events, and look for runs from time to time, until told to stop."""
        while not self.stopping.is_set():
            try:
                event, data = self._events.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                event, data = "poll", None
            try:
                self._act(event, data)
            except Exception:  # the next event, or the next look, may go well
                if not self.stopping.is_set():
                    _log.warning("node %s: %r failed", self.identity.id, event, exc_info=True)

    def _act(self, event: str, data: object) -> None:
        """Do what an event asks for."""
        match event, data:
            case "kill_containers", dict():
                self._kill(cast("KillOrder", data))
            case "new_task", {"id": int(task_id)}:
                self._pick_up(task_id)
            case "sync", _:
                self._introduce()
                self._pick_up()
                self.online.set()
            case "poll", _:
                self._pick_up()
            case _:
                pass  # "stop" only wakes the thread

    def _introduce(self) -> None:
        """Share what researchers may know of this node, as real nodes do when they connect."""
        databases = self.identity.databases
        types = {f"db_type_{label}": type_of(path) for label, path in databases.items()}
        self.emit(
            "node_info_update",
            {
                "encryption": self.identity.cipher.encrypts,
                "allowed_algorithms": list(self.identity.allowed) or "all",
                "database_labels": list(databases),
                "database_types": types,
                "database_columns": {
                    f"columns_{label}": _columns(path)
                    for label, path in databases.items()
                    if type_of(path) == "csv"
                },
            },
            settle=True,  # who asks once the node is online is to be told
        )

    def _pick_up(self, task_id: int | None = None) -> None:
        """Start the node's open runs, of one task or of all, that are not at work already."""
        if self._has_left:
            return
        for page in itertools.count(1):
            call = calls.list_runs(
                state="open",
                include=["task"],
                node_id=self.identity.id,
                task_id=task_id,
                page=page,
                per_page=_PAGE,
                sort="id",
            )
            try:
                runs = _api.ask(self.api, call)
            except _api.CallError as error:
                if task_id is not None and error.status == _NO_SUCH_TASK:
                    return  # it has been deleted since it was announced
                raise
            for run in runs["data"]:
                if run["id"] not in self._executions:
                    self._start(run)
            if not runs["links"].get("next"):
                return

    def _start(self, run: "Run") -> None:
        """Execute a run on a thread of its own."""
        execution = self._executions[run["id"]] = Execution(self, run)

        def work() -> None:
            execution.work()
            del self._executions[run["id"]]

        threading.Thread(target=work, name=f"localnet-run-{run['id']}", daemon=True).start()

    def _kill(self, order: "KillOrder") -> None:
        """Kill the runs that an order names."""
        if order["collaboration_id"] == self.identity.collaboration_id:
            for item in order["kill_list"]:
                execution = self._executions.get(item["run_id"])
                if execution is not None:
                    execution.kill()


class Execution:
    """One run at work on a node.

    Parameters
    ----------
    node : Node
        The node that executes it.
    run : Run
        The run, with its task in it.
    """

    def __init__(self, node: Node, run: "Run") -> None:
        self._node = node
        self._run = run
        self._task = cast("TaskWithoutRuns", run["task"])
        self._folder = node.identity.folder / f"run-{run['id']}"
        self._log: list[str] = []
        self._killed = threading.Event()
        self.ticket = node.runner.ticket()
        self.ended = threading.Event()

    def kill(self) -> None:
        """End the run by order of a user."""
        self._killed.set()
        self._node.runner.kill(self.ticket)
        self._announce("killed by user")
        try:
            self._tell(status="killed by user", log="".join(self._log), finished_at=_now())
        except _api.CallError as error:
            # The server marks the runs of a task it is asked to kill as ended, and then takes
            # nothing more on them.
            _log.debug("run %s was ended by the server: %s", self._run["id"], error)

    def work(self) -> None:
        """Execute the run from its start to its report; never raises."""
        try:
            self._execute()
        except Exception as error:  # no failure may leave a run open: it would start over
            if not self._is_over():
                self._fail("failed", f"The node could not execute this run: {error}")
        finally:
            self.ended.set()

    def _is_over(self) -> bool:
        """Tell whether nobody waits for a report of this run any more."""
        return self._killed.is_set() or self._node.stopping.is_set()

    def _execute(self) -> None:
        """Start the algorithm, wait for its end, and report what came of it."""
        node, identity, image = self._node, self._node.identity, self._task["image"] or ""
        if not identity.allows(image):
            reason = f"The policy of this node does not allow the image {image!r}."
            self._fail("not allowed", reason)
            return
        self._tell(started_at=_now())
        algorithm = find(node.algorithms, image)
        if algorithm is None:
            known = ", ".join(sorted(node.algorithms))
            reason = f"No algorithm stands for the image {image!r} here; there are: {known}."
            self._fail("non-existing Docker image", reason)
            return
        call = calls.create_container_token({"image": image, "task_id": self._task["id"]})
        token = Secret(self._ask(call)["container_token"])
        environment = _runs.prepare(
            self._folder,
            algorithm=algorithm,
            input_=self._input(),
            token=token,
            proxy=(node.proxy_port, node.proxy_path),
            databases=identity.databases,
            requested=self._task["databases"],
        )
        # An update without a log erases what came before, so this goes ahead of the first line.
        self._tell(status="active")
        self._announce("active")
        code = node.runner.run(self.ticket, self._folder, environment, self._on_log)
        if not self._is_over():
            self._report("completed" if code == 0 else "crashed")

    def _input(self) -> bytes:
        """Return what the task asks for."""
        value, cipher = self._run["input"] or "", self._node.identity.cipher
        if self._run.get("blob_storage_used"):
            blob = self._patiently(lambda: _api.get_blob(self._node.api, value))
            return cipher.open_blob(blob)
        return cipher.open(value)

    def _on_log(self, lines: str) -> None:
        """Keep what the algorithm prints, and send it on."""
        self._log.append(lines)
        self._node.emit(
            "algorithm_log",
            {
                "collaboration_id": self._node.identity.collaboration_id,
                "run_id": self._run["id"],
                "task_id": self._task["id"],
                "log": lines,
            },
        )

    def _report(self, status: "RunStatus") -> None:
        """Send the result, for the organization that asked, with log and status."""
        self._announce(status)  # ahead of the result, as nodes do
        identity, initiator = self._node.identity, self._task["init_org"]
        public_key = None
        if identity.cipher.encrypts and initiator is not None:
            call = calls.get_organization(initiator["id"])
            public_key = self._ask(call)["public_key"]
        output = _runs.output_of(self._folder)
        if self._run.get("blob_storage_used"):
            blob = identity.cipher.seal_blob(output, public_key)
            result = self._patiently(lambda: _api.put_blob(self._node.api, blob))
        else:
            result = identity.cipher.seal(output, public_key)
        self._tell(status=status, result=result, log="".join(self._log), finished_at=_now())

    def _fail(self, status: "RunStatus", reason: str) -> None:
        """Report that there is no result, unless the server has ended the run itself."""
        try:
            self._tell(status=status, log=reason, finished_at=_now())
        except (_api.CallError, _api.TransportError) as error:
            _log.info("run %s: %s (the server did not take it: %s)", self._run["id"], reason, error)
            return
        self._announce(status)

    def _tell(self, **changes: "Unpack[RunUpdate]") -> None:
        """Update the run on the server."""
        self._ask(calls.update_run(self._run["id"], changes))

    def _ask(self, call: "Call[T]") -> T:
        """Make a call."""
        return self._patiently(lambda: _api.ask(self._node.api, call))

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask the server, and again while it cannot be reached, as real nodes do.

        A run whose end the server never hears of would be started anew.
        """
        while True:
            try:
                return ask()
            except _api.TransportError:
                if self._node.stopping.wait(_PAUSE_SECONDS):
                    raise

    def _announce(self, status: "RunStatus") -> None:
        """Tell the collaboration that the run has another status."""
        identity, parent = self._node.identity, self._task["parent"]
        self._node.emit(
            "algorithm_status_change",
            {
                "node_id": identity.id,
                "status": status,
                "run_id": self._run["id"],
                "task_id": self._task["id"],
                "collaboration_id": identity.collaboration_id,
                "organization_id": identity.organization_id,
                "parent_id": parent["id"] if parent is not None else None,
            },
            # The server appends lines of the log to what it has: they must not come after a report
            # that has them all.
            settle=True,
        )


def _columns(path: Path) -> list[str]:
    """Return the columns of a CSV file."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return next(csv.reader(file), list[str]())


def _now() -> str:
    """Return the time as the server reads it: in UTC, without an offset."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
