#!/usr/bin/env bash
# vantage6-algorithm-tools 5.0.3, AlgorithmClient.wait_for_results (in a central function)
#
# What: HQ gives a task the status "failed" as soon as one of its runs has failed, while others work on. The
# algorithm client takes that for the end, asks for the results once, and drops rows without a result. A central
# function that asked three hospitals gets a list with one item, raises nothing and logs no error: neither the
# hospital that failed nor the one that is still at work is in it, and no item says where it comes from.
#
# Why it matters: "sum of the sums / sum of the counts" over such a list is the average of one hospital, and the
# task of the central function ends as completed. People who write central functions have to compare the number
# of results with the number of organizations, and clients have to look at the subtasks' runs.
#
# Guess before the run: it waits for the third hospital, then raises an error that names the second one; or it
# returns three items, with None for those without a result.
#
# The stand-in below answers as HQ 5.0.3 does for such a task: status, and results with the newest run first.
#
# Output seen:
# asked: 3 hospitals; one has a result, one crashed, one is active
# got:   [{'sum': 90, 'count': 2}]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.13 -m venv venv
venv/bin/pip install -q vantage6-algorithm-tools==5.0.3
cat > run.py <<'PY'
import base64, http.server, json, logging, threading

import jwt

from vantage6.algorithm.client import AlgorithmClient

RESULT = base64.b64encode(json.dumps({"sum": 90, "count": 2}).encode()).decode()
# The results of runs 23 (active), 22 (crashed) and 21 (completed).
ROWS = [
    {"id": run, "result": result, "run": {"id": run}, "task": {"id": 7}, "blob_storage_used": False}
    for run, result in ((23, None), (22, ""), (21, RESULT))
]


class StandIn(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_status = self.path.startswith("/hq/task/7/status")
        answer = {"status": "failed"} if is_status else {"data": ROWS, "links": {}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


logging.disable()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
threading.Thread(target=server.serve_forever, daemon=True).start()
who = {"node_id": 1, "collaboration_id": 1, "organization_id": 1, "image": "average"}
token = jwt.encode({"sub": who}, "k" * 32)
client = AlgorithmClient(token, f"http://127.0.0.1:{server.server_port}/hq")
results = client.wait_for_results(7)
server.shutdown()
print("asked: 3 hospitals; one has a result, one crashed, one is active")
print("got:  ", results)
assert results == [{"sum": 90, "count": 2}]
PY
venv/bin/python -W ignore run.py
