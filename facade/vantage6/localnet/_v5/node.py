"""A node of version 5, which keeps data frames in session folders."""

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from vantage6.bindings.hq import calls
from vantage6.bindings.secret import Secret
from vantage6.localnet._algorithm_runner import read_output, run_environment, write_run_files
from vantage6.localnet._node import CannotStartError, Execution, Node, utc_now
from vantage6.localnet._organizations import database_type, database_uri
from vantage6.localnet._proxy import NodeRoute

if TYPE_CHECKING:
    from vantage6.bindings.hq import rows
    from vantage6.bindings.server.rows import Run

# Modules that the algorithm runner imports before it runs an algorithm.
MODULES = (
    "vantage6.algorithm.decorator",
    "vantage6.algorithm.data_extraction",
    "vantage6.algorithm.tools.wrap",
    "session_files",
)
_STORE = "session_files:store"
_HISTORY = "session_state.parquet"
_FRAME_STEPS = ("data_extraction", "preprocessing")


class HqNode(Node):
    """The node of one organization in one collaboration."""

    calls = calls
    event_names: ClassVar[dict[str, str]] = {
        **Node.event_names,
        "new_task_update": "new_task",
        "delete_dataframe": "delete_dataframe",
        "expired_token": "renew",
        "invalid_token": "renew",
    }

    def handle_event(self, event: str, data: object) -> None:
        """Handle one event."""
        match event, data:
            case "renew", _:
                self.relay.renew(self.config.id, self.login.token())
            case "delete_dataframe", {"df_name": str(name), "session_id": int(session)}:
                (self.session_folder(session) / f"{name}.parquet").unlink(missing_ok=True)
                answer = {"df_name": name, "session_id": session, "node_id": self.config.id}
                self.emit("dataframe_deleted", answer)
            case _:
                super().handle_event(event, data)

    def details(self) -> dict[str, object]:
        """Return the node's configuration, which real nodes send when they connect."""
        types = {
            f"db_type_{label}": database_type(path) for label, path in self.config.databases.items()
        }
        return {
            "encryption": str(self.config.codec.is_encrypted),
            "allowed_algorithms": list(self.config.allowed) or "all",
            "database_labels": list(self.config.databases),
            "database_types": types,
        }

    def session_folder(self, session: int) -> Path:
        """Return the folder of a session's data frames."""
        return self.config.folder / "sessions" / f"session{session:09d}"

    def execution(self, run: "Run") -> "HqExecution":
        """Return the execution of a run."""
        return HqExecution(self, run)


class HqExecution(Execution):
    """The execution of one run on a node."""

    def __init__(self, node: HqNode, run: "Run") -> None:
        super().__init__(node, run)
        self._node = node
        self._run = cast("rows.Run", run)
        self._task = cast("rows.TaskWithoutRuns", run["task"])
        session = self._task["session"]
        self._sessions = node.session_folder(session["id"] if session else 0)
        self._environment: dict[str, str] = {}

    def report_kill(self) -> None:
        """Report the log; HQ has set the status already."""
        self.update_run(log="".join(self.log))

    def prepare(self, algorithm: Path) -> dict[str, str]:
        """Write the files for the official wrapper and return its environment variables."""
        node, task, action = self._node, self._task, self._run["action"] or ""
        self._sessions.mkdir(parents=True, exist_ok=True)
        sources = self._sources() if action == "data_extraction" else self._frames()
        arguments = node.config.codec.decode(self._run["arguments"] or "")
        files = {"INPUT_FILE": arguments, "OUTPUT_FILE": b""}
        temporary = write_run_files(self.folder, files)
        variables = {
            **{name: str(self.folder / name) for name in files},
            **sources,
            "SESSION_FOLDER": str(self._sessions),
            "SESSION_FILE": str(self._sessions / _HISTORY),
            "HOST": "http://127.0.0.1",
            "PORT": str(node.proxy_port),
            "API_PATH": node.proxy_path,
            "ALGORITHM_METHOD": task["method"] or "",
            "FUNCTION_ACTION": action,
            "TASK_ID": str(task["id"]),
            "NODE_ID": str(node.config.id),
            "ORGANIZATION_ID": str(node.config.organization_id),
            "COLLABORATION_ID": str(node.config.collaboration_id),
        }
        self._environment = run_environment(algorithm, temporary, variables)
        if action == "central_compute":
            body: rows.ContainerLogin = {"image": task["image"] or "", "task_id": task["id"]}
            token = self.send(calls.create_container_token(body))["container_token"]
            return {**self._environment, "CONTAINER_TOKEN": Secret(token)}
        return self._environment

    def _sources(self) -> dict[str, str]:
        """Return the variables of the database that an extraction reads."""
        (database,) = self._task["databases"]
        path = self._node.config.databases.get(database["label"] or "")
        if path is None:
            known = ", ".join(self._node.config.databases)
            label = database["label"]
            reason = f"The node has no database {label!r}. Available: {known}."
            raise CannotStartError("failed", reason)
        return {"DATABASE_URI": database_uri(path), "DATABASE_TYPE": database_type(path)}

    def _frames(self) -> dict[str, str]:
        """Return the variable with the data frames, grouped by argument."""
        frames = cast("list[dict[str, Any]]", self._task["databases"])
        for name in (str(frame["dataframe_name"]) for frame in frames):
            if not (self._sessions / f"{name}.parquet").exists():
                reason = f"The session has no data frame {name!r} at this node."
                raise CannotStartError("dataframe not found", reason)
        frames = sorted(frames, key=lambda frame: frame["position"])
        groups = itertools.groupby(frames, key=lambda frame: frame["position"])
        names = (",".join(frame["dataframe_name"] for frame in group) for _, group in groups)
        return {"USER_REQUESTED_DATAFRAMES": ";".join(names)}

    def report(self, status: str) -> None:
        """Upload the result with the log and the final status, then tell the others."""
        output = b""
        if status == "completed" and self._run["action"] in _FRAME_STEPS:
            status = self._store_frame()
        elif status == "completed":
            output = read_output(self.folder)
        result = self._node.config.codec.encode(output, self.recipient_key())
        # HQ appends log lines, so they must not arrive after the report with the full log.
        self.node.emit("ping", None, wait_until_handled=True)
        self.update_run(status=status, result=result, log="".join(self.log), finished_at=utc_now())
        self.emit_status(status)

    def _store_frame(self) -> str:
        """Keep the output in the session's folder, and report its columns; return the status."""
        frame = self._task["dataframe"]
        if frame is None:
            return "failed"
        columns = self.folder / "columns.json"
        files = {
            "OUTPUT_FILE": str(self.folder / "OUTPUT_FILE"),
            "DATAFRAME_FILE": str(self._sessions / f"{frame['name']}.parquet"),
            "COLUMNS_FILE": str(columns),
            "SESSION_FILE": str(self._sessions / _HISTORY),
            "FUNCTION_ACTION": self._run["action"] or "",
        }
        environment = {**self._environment, **files}
        runner, said = self._node.runner, list[str]()
        if runner.run(self.execution_id, self.folder, environment, said.append, _STORE) != 0:
            self.log += ["The output is no table that can be kept as parquet:\n", *said]
            return "unexpected output"
        self.send(calls.report_dataframe_columns(frame["id"], json.loads(columns.read_text())))
        return "completed"


class HqRoute(NodeRoute):
    """Forwards the requests of one node's algorithms, with the limits of the official proxy."""

    payload_key = "arguments"

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Forward a request; every error of HQ arrives as status 500."""
        status, content = super().forward(method, path, headers, body)
        if status >= 300 or path.strip("/").startswith("result/"):
            return 500, json.dumps({"msg": "Request failed, see node logs"}).encode()
        return status, content
