"""A server built from the contract: `stand_in.py JSON` prints its port, and ends with its input.

It holds sizes that a real server cannot: its rows are samples that the contract allows, made anew
for each page, and it discards what it is sent. The JSON has the numbers of organizations and tasks,
the bytes of each result, the lines of each log, and the public key of all organizations, if any.
"""

import base64
import contextlib
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import simple_websocket

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.contract_samples import Contract, operations, samples

PIECE = 2**20
SERVER = Contract("server", "4.15.2")
SAMPLES = {each.name: samples(SERVER, each.schema)[0] for each in operations(SERVER)}


def token():
    """Return a token without a valid signature, which clients do not check."""
    claims = {"sub": 1, "iat": time.time(), "exp": time.time() + 36000}
    parts = (json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + ".c2ln"


def reference(id_):
    return {"id": id_, "link": f"/api/x/{id_}", "methods": ["GET"]}


class Rows:
    """The rows of each listing, by number from 0."""

    def __init__(
        self, organizations, tasks=1, result=0, public_key="", lines=0, events=0, seconds=0
    ):
        self.events, self.seconds = events, seconds
        self.organizations, self.tasks, self.key = organizations, tasks, public_key
        self.log = "".join(f"line {number} of the log\n" for number in range(lines))
        self.result = self.message(result).encode()

    def message(self, size):
        from samples import json_of

        from vantage6.client._encryption.base64 import encode
        from vantage6.client._encryption.cipher import encrypt

        data = json_of(size) if size else b'{"sum": 1}'
        return encrypt(data, self.key) if self.key else encode(data)

    def organization(self, number):
        sample = SAMPLES["get_organization"]
        id_ = number + 1
        return {**sample, "id": id_, "name": f"hospital {id_}", "public_key": self.key}

    def collaboration(self, number):
        encrypted = bool(self.key)
        sample = SAMPLES["get_collaboration"]
        return {**sample, "id": number + 1, "name": "demo", "encrypted": encrypted}

    def task(self, number, *, with_results=False, with_runs=False):
        id_ = number + 1
        facts = {
            "id": id_,
            "job_id": id_,
            "name": f"task {id_}",
            "status": "completed",
            "parent": None,
            "collaboration": reference(1),
            "study": None,
            "results": f"/api/result?task_id={id_}",
            "runs": f"/api/run?task_id={id_}",
        }
        if with_results:
            facts["results"] = [self.run_result(id_, each) for each in range(self.organizations)]
        if with_runs:
            facts["runs"] = [self.run(each, id_) for each in range(self.organizations)]
        return {**SAMPLES["get_task"], **facts}

    def run(self, number, task_id=1):
        id_ = (task_id - 1) * self.organizations + number + 1
        facts = {
            "id": id_,
            "status": "completed",
            "organization": reference(number + 1),
            "node": {
                "id": number + 1,
                "name": f"node {number + 1}",
                "ip": None,
                "status": "online",
            },
            "task": reference(task_id),
            "log": self.log,
            "input": "e30=",
            "blob_storage_used": False,
        }
        return {**SAMPLES["get_run"], **facts}

    def run_result(self, task_id, number):
        id_ = (task_id - 1) * self.organizations + number + 1
        facts = {"id": id_, "run": reference(id_), "task": reference(task_id)}
        return {**SAMPLES["get_result"], **facts, "result": "@", "blob_storage_used": False}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rows: Rows

    def do_POST(self):
        if self.path.startswith("/api/token"):
            self.rfile.read(int(self.headers["content-length"]))
            tokens = {"access_token": token(), "refresh_token": "r", "user_url": "/api/user/1"}
            self.give({**tokens, "refresh_url": "/api/token/refresh"})
            return
        left = int(self.headers["content-length"])
        while left:
            left -= len(self.rfile.read(min(left, PIECE)))
        self.give(self.rows.task(0), 201)

    def do_PATCH(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.give(self.rows.organization(0))

    def do_GET(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        kind, _, id_ = url.path.removeprefix("/api/").partition("/")
        number = int(id_) - 1 if id_.isdigit() else 0
        rows = self.rows
        include = query.get("include", ())
        if url.path.startswith("/socket.io"):
            self.send_events()
        elif kind == "blobstream":
            self.give({"blob_store_enabled": False})
        elif kind == "version":
            self.give({"version": "4.15.2"})
        elif kind == "user":
            user = {**SAMPLES["get_user"], "id": 1, "username": "ada", "firstname": "Ada"}
            self.give({**user, "organization": reference(1)})
        elif id_.endswith("/status"):
            self.give({"status": "completed"})
        elif kind == "task":
            options = {"with_results": "results" in include, "with_runs": "runs" in include}

            def task(number):
                return rows.task(number, **options)

            # The newest come first.
            self.serve(task, rows.tasks, query, number if id_ else None, newest=True)
        elif kind == "organization":
            self.serve(rows.organization, rows.organizations, query, number if id_ else None)
        elif kind == "collaboration":
            self.serve(rows.collaboration, 1, query, number if id_ else None)
        elif kind == "run":
            self.serve(rows.run, rows.organizations, query, number if id_ else None, newest=True)
        elif kind == "result":

            def result(number):
                return rows.run_result(1, number)

            self.serve(result, rows.organizations, query, number if id_ else None, newest=True)
        elif kind == "node":
            self.serve(lambda number: {}, 0, query, None)
        else:
            self.give({"msg": "not here"}, 404)

    def send_events(self):
        """Send events in even steps of 10 ms, as many a second as there are to be."""
        headers = {f"HTTP_{key.upper().replace('-', '_')}": v for key, v in self.headers.items()}
        self.close_connection = True
        line = simple_websocket.Server({**headers, "werkzeug.socket": self.connection})
        greeting = {"sid": "1", "upgrades": [], "pingInterval": 60_000, "pingTimeout": 60_000}
        with contextlib.suppress(simple_websocket.ConnectionClosed):
            line.send("0" + json.dumps(greeting))
            line.receive()
            line.send('40/tasks,{"sid":"2"}')
            line.send('42/tasks,["message","joined room <collaboration_1>"]')
            about = {"job_id": 1, "task_id": 1, "collaboration_id": 1, "node_id": 1}
            began, sent, total = time.monotonic(), 0, self.rows.events * self.rows.seconds
            while sent < total:
                due = min(total, 1 + int((time.monotonic() - began) * self.rows.events))
                for number in range(sent, due):
                    status = {**about, "run_id": number, "organization_id": 1, "status": "active"}
                    line.send("42/tasks," + json.dumps(["algorithm_status_change", status]))
                sent = due
                time.sleep(0.01)
            while True:
                line.receive()

    def serve(self, make, count, query, number, *, newest=False):
        if number is not None:
            self.give(make(number))
            return
        page, size = (
            int(query.get(name, [each])[0]) for name, each in (("page", 1), ("per_page", 10))
        )
        start, end = (page - 1) * size, min(page * size, count)
        numbers = (
            range(start, end) if not newest else (count - 1 - each for each in range(start, end))
        )
        links = {"first": "/api/x?page=1", "self": f"/api/x?page={page}", "last": "/api/x?page=1"}
        if end < count:
            links["next"] = f"/api/x?page={page + 1}"
        body = {"data": [make(number) for number in numbers], "links": links}
        self.give(body, 200, {"total-count": str(count)})

    def give(self, body, status=200, headers=None):
        # The results are the same for all, and put in while the rest is sent.
        parts = json.dumps(body).encode().split(b'"@"')
        size = sum(map(len, parts)) + (len(parts) - 1) * (len(self.rows.result) + 2)
        self.send_response_only(status)
        for name, value in {"content-length": str(size), **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.end_headers()
        for number, part in enumerate(parts):
            if number:
                self.wfile.write(b'"%s"' % self.rows.result)
            self.wfile.write(part)

    def log_message(self, *_):
        """Say nothing."""


if __name__ == "__main__":
    Handler.rows = Rows(**json.loads(sys.argv[1]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)
