#!/usr/bin/env bash
# vantage6-common 4.15.2, NodeClient.check_user_allowed_to_send_task (what a node asks before it runs a task)
#
# What: the policies `allowed_users` and `allowed_organizations` of a node take ids. The node compares each entry
# with the id as text. An id that is written as a number in the node's YAML file, as ids are, never matches: the node
# refuses every task of that user and organization with the status "not allowed", and says only that the user is
# not allowed. With quotes around the number, the same task runs. Nodes of 5.0.3 accept both.
#
# Why it matters: the node publishes its policies as text, so that a client that compares ids finds the user among
# the allowed ones, and announces that a task will run that never does. People who set up nodes search for a
# mistake in the id.
#
# Guess before the run: a number matches, or the node complains about the type of the entry.
#
# Output seen:
# allowed_users: [2]              user 2 is allowed: False
# allowed_users: ["2"]            user 2 is allowed: True
# allowed_organizations: [1]      organization 1 is allowed: False
# allowed_organizations: ["1"]    organization 1 is allowed: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv venv
venv/bin/pip install -q vantage6-common==4.15.2 pyyaml==6.0.3
cat > run.py <<'PY'
import http.server, json, threading

import yaml

from vantage6.common.client.node_client import NodeClient


class Server(http.server.BaseHTTPRequestHandler):
    """Lists no organization whose name is the entry, as a server does that is asked for the name "1"."""

    def do_GET(self):
        body = json.dumps([]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = NodeClient("http://127.0.0.1", server.server_port, "")
client._access_token = "token"
seen = []
for line in ('allowed_users: [2]', 'allowed_users: ["2"]', 'allowed_organizations: [1]', 'allowed_organizations: ["1"]'):
    policies = yaml.safe_load(line)
    users, organizations = policies.get("allowed_users", []), policies.get("allowed_organizations", [])
    seen.append(client.check_user_allowed_to_send_task(users, organizations, 1, 2))
    who = "user 2" if users else "organization 1"
    print(f"{line:<31} {who} is allowed: {seen[-1]}")
server.shutdown()
assert seen == [False, True, False, True]
PY
venv/bin/python -W ignore run.py
