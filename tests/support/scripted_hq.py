"""An HQ with sessions, data frames and tasks, on a scripted server."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.scripted_server import Reply, Request

LINK: dict[str, Any] = {"link": "", "methods": []}


def ref(id_: int) -> dict[str, Any]:
    return {"id": id_, **LINK}


@dataclass
class Hq:
    """An HQ with 12 organizations, a session with two data frames, and one task."""

    sent: list[tuple[str, str, Any]] = field(default_factory=list[Any])
    runs: list[tuple[str, str | None]] = field(default_factory=list[Any])
    later: list[list[tuple[str, str | None]]] = field(default_factory=list[Any])
    log: str = ""
    blob_store: bool = False
    store_error: Reply | None = None
    is_deleted: bool = False
    store_url: str = ""
    # What is answered at the end of a path, in place of the rest.
    answers: dict[str, Reply] = field(default_factory=dict[str, Reply])
    finished: dict[int, str] = field(default_factory=dict[int, str])
    more_sessions: list[dict[str, Any]] = field(default_factory=list[Any])
    tasks: list[dict[str, Any]] = field(default_factory=list[Any])
    # The data frames that were extracted, and the statuses of their runs by organization.
    extracted: list[dict[str, Any]] = field(default_factory=list[Any])
    outcomes: dict[int, list[str]] = field(default_factory=dict[Any, Any])
    nodes: dict[int, str] = field(default_factory=lambda: dict.fromkeys(range(1, 13), "online"))
    # The public key of each organization in an encrypted collaboration, and its one study.
    public_key: str | None = None
    study: tuple[int, ...] = (1, 2)
    started: dict[int, str] = field(default_factory=dict[int, str])

    def page(self, rows: list[Any]) -> Reply:
        return 200, {"data": rows, "links": {"first": "", "self": ""}}

    def session(self, id_: int, name: str = "survival", collaboration: int = 1) -> dict[str, Any]:
        return {
            "id": id_,
            "name": name,
            "scope": "own",
            "collaboration": ref(collaboration),
            "study": None,
            "owner": ref(7),
            "ready": True,
        }

    def frame(self, id_: int) -> dict[str, Any]:
        return {
            "id": id_,
            "name": f"frame{id_}",
            "session": ref(4 if id_ < 10 else 5),
            "ready": True,
            "organizations_ready": [1, 3],
            "db_label": "default",
            "last_session_task": None,
            "columns": [
                {"name": name, "dtype": dtype, "node_id": node}
                for name, dtype, node in (
                    ("age", "int64", 101),
                    ("age", "double", 102),
                    ("__index_level_0__", "int64", 101),
                    ("__index_level_0__", "int64", 102),
                    ("sex", "string", 101),
                )
            ],
        }

    def run(self, number: int, status: str) -> dict[str, Any]:
        return {
            "id": number,
            "status": status,
            "organization": ref(number),
            "node": {"id": 100 + number, "name": f"node{number}"},
            "task": ref(9),
            "log": self.log,
            "arguments": "e30=",
            "started_at": self.started.get(number),
            "finished_at": self.finished.get(number),
        }

    def task(self, query: dict[str, list[str]]) -> dict[str, Any]:
        found = [status for status, _ in self.runs]
        alive = {"pending", "initializing", "active"}
        failed = any(status not in alive | {"completed"} for status in found)
        status = "failed" if failed else "awaiting" if alive & {*found} else "completed"
        row: dict[str, Any] = {
            "id": 9,
            "name": "t",
            "status": status,
            "collaboration": ref(1),
            "job_id": 1,
        }
        row |= {"parent": None, "study": None, "results": "", "runs": "", "finished_at": None}
        if status == "completed":
            row["finished_at"] = max(self.finished.values(), default=None)
        include = query.get("include", [])
        numbered = list(enumerate(self.runs, 1))
        if "runs" in include:
            row["runs"] = [self.run(number, status) for number, (status, _) in numbered]
        if "results" in include:
            row["results"] = [
                {"id": number, "result": result, "run": ref(number), "task": ref(9)}
                for number, (_, result) in numbered
            ]
        return row

    def __call__(self, request: Request) -> Reply | None:
        parts = urlsplit(request.path)
        path, query = parts.path.removeprefix("/hq"), parse_qs(parts.query)
        self.sent.append((request.method, f"{path}?{parts.query}".rstrip("?"), request.body))
        for end, reply in self.answers.items():
            if path.endswith(end):
                return reply
        if request.method == "DELETE":
            return 200, {"msg": "deleted"}
        if request.method == "POST" and path == "/session":
            return 201, self.session(6, request.body.get("name") or "two_words")
        if request.method == "POST" and re.fullmatch(r"/session/\d+/dataframe", path):
            return self.extract(int(path.split("/")[2]), request.body)
        if request.method == "POST" and re.fullmatch("/session/.*dataframe.*", path):
            return 201, self.frame(int(path.split("/")[3]))
        if request.method == "POST" and path == "/task":
            return self.store_error or (201, {"id": 9, "name": "t"})
        if path == "/session":
            rows = [self.session(4), self.session(5, "other"), *self.more_sessions]
            wanted = query.get("name", ["%"])[0]
            match = re.compile(wanted.replace("%", ".*"))
            return self.page([row for row in rows if match.fullmatch(row["name"])])
        if found := re.fullmatch(r"/session/(\d+)", path):
            return 200, self.session(int(found[1]))
        if found := re.fullmatch(r"/session/(\d+)/dataframe", path):
            known = {"4": (1, 2), "5": (11,)}.get(found[1], ())
            rows = [self.frame(id_) for id_ in known]
            rows += [row for row in self.extracted if str(row["session"]["id"]) == found[1]]
            return self.page([self.refreshed(row) for row in rows])
        if found := re.fullmatch(r"/session/dataframe/(\d+)", path):
            made = {row["id"]: row for row in self.extracted}
            id_ = int(found[1])
            return 200, self.refreshed(made[id_]) if id_ in made else self.frame(id_)
        if path == "/algorithmstore/1":
            return 200, {"id": 1, "name": "s", "url": self.store_url, "api_path": ""}
        if path == "/blobstream/status":
            return 200, {"blob_store_enabled": self.blob_store}
        if path == "/collaboration/1":
            is_encrypted = self.public_key is not None
            return 200, {"id": 1, "name": "demo", "encrypted": is_encrypted}
        if path == "/study/1":
            return 200, {"id": 1, "name": "adults", "collaboration": ref(1)}
        if path == "/organization":
            ids = self.study if "study_id" in query else range(1, 13)
            key = {"public_key": self.public_key or ""}
            return self.page([{"id": n, "name": f"org{n}", **key} for n in ids])
        if path == "/node":
            return self.page(
                [
                    {"id": 100 + n, "name": "n", "organization": ref(n), "status": status}
                    for n, status in self.nodes.items()
                ]
            )
        if self.is_deleted:
            return (404 if path == "/task/9" else 400), {"msg": "Task id=9 not found"}
        if found := re.fullmatch(r"/task/(5\d\d)", path):
            return 200, self.extraction(int(found[1]))
        if path == "/run" and int(query.get("task_id", ["9"])[0]) >= 500:
            return self.page(self.extraction(int(query["task_id"][0]))["runs"][::-1])
        if path == "/task/9":
            row = self.task(query)
            if self.later:
                self.runs = self.later.pop(0)
            return 200, row
        if path == "/run":
            rows = [self.run(number, status) for number, (status, _) in enumerate(self.runs, 1)]
            if self.later:
                self.runs = self.later.pop(0)
            return self.page(rows[::-1])
        if path == "/result":
            return self.page(
                [
                    {"id": number, "result": result, "run": ref(number), "task": ref(9)}
                    for number, (_, result) in enumerate(self.runs, 1)
                ][::-1]
            )
        return self.page(self.tasks) if path == "/task" else None

    def extract(self, session: int, body: Any) -> Reply:
        """Store an extraction, whose runs take the statuses in `outcomes`."""
        number = len(self.extracted)
        row = {
            "id": 50 + number,
            "name": body.get("name") or f"generated{number}",
            "session": ref(session),
            "db_label": body["label"],
            "columns": [],
            "last_session_task": {
                "id": 500 + number,
                "name": "",
                "status": "awaiting",
                "created_at": "2026-11-27T06:00:00.000000",
                "collaboration": ref(1),
                "parent": None,
                "job_id": 1,
                "image": body["task"]["image"],
                "method": body["task"]["method"],
                "sent": body["task"]["organizations"],
            },
        }
        self.extracted.append(row)
        return 201, self.refreshed(row)

    def extraction(self, task_id: int) -> dict[str, Any]:
        """Return the task of an extraction, with its runs; each look moves them on."""
        task = self.extracted[task_id - 500]["last_session_task"]
        runs: list[Any] = []
        for part in task["sent"]:
            statuses = self.outcomes.setdefault(part["id"], ["completed"])
            status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
            run = self.run(task_id * 100 + part["id"], status)
            run |= {"organization": ref(part["id"]), "task": ref(task_id)}
            runs.append(run | {"arguments": part["arguments"]})
        found = {run["status"] for run in runs}
        alive = found & {"pending", "initializing", "active"}
        failed = found - alive - {"completed"}
        status = "failed" if failed else "awaiting" if alive else "completed"
        row = {key: value for key, value in task.items() if key != "sent"}
        return row | {"status": status, "results": "", "runs": runs}

    def refreshed(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a data frame with the organizations at which it is ready now."""
        if row["id"] < 50:
            return row
        ready = [
            part["id"]
            for part in row["last_session_task"]["sent"]
            if self.outcomes.get(part["id"], ["active"])[0] == "completed"
            and part["id"] not in row.get("failed_at", ())
        ]
        is_ready = len(ready) == len(row["last_session_task"]["sent"])
        return row | {"organizations_ready": ready, "ready": is_ready}

    def bodies(self, path: str) -> list[Any]:
        """Return the bodies sent to a path."""
        return [body for method, to, body in self.sent if method == "POST" and to == path]
