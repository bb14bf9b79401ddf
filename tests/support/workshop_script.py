"""The workshop's chapter on the Python client, as one script; test_workshop.py runs it.

What the chapter prints as code stands here in its form; what it tells in prose is spelled out. It
reads its settings from a config.py beside it, as the chapter says.
"""

import json

import config

from vantage6.client import Client

client = Client(config.server_url, config.server_port, config.server_api, log_level="info")
client.authenticate(config.username, config.password)
client.setup_encryption(config.organization_key)

# -- explore
help(client.organization.list)
help(client.task.create)
print(client.collaboration.list())
print(client.collaboration.list(fields=["id", "name"]))
print(client.organization.list(collaboration=1, fields=["id", "name"]))
print(client.node.list(collaboration=1))
print(client.node.list(collaboration=1, fields=["id", "name", "status"]))
print(client.node.list(collaboration=1, is_online=True, fields=["id", "name"]))
print(client.study.list(fields=("id", "name")))

# -- the partial function, at each organization
input_ = {"method": "partial_average", "args": [], "kwargs": {"column_name": "age"}}
average_task = client.task.create(
    collaboration=1,
    organizations=[organization["id"] for organization in client.organization.list(study=1)],
    study=1,
    name="name_for_the_task",
    image="harbor2.vantage6.ai/demo/average",
    description="",
    input_=input_,
    databases=[{"label": "default"}],
)
task_id = average_task["id"]
print(f"Waiting for results of task {task_id}")
results = client.wait_for_results(task_id)

global_sum = 0
global_count = 0
for output in results["data"]:
    output = json.loads(output["result"])
    global_sum += output["sum"]
    global_count += output["count"]
print("partial:", global_sum / global_count)

# -- the central function, at one organization
input_ = {"method": "central_average", "args": [], "kwargs": {"column_name": "age"}}
average_task = client.task.create(
    organizations=[1],
    study=1,
    name="name_for_the_task",
    image="harbor2.vantage6.ai/demo/average",
    description="",
    input_=input_,
    databases=[{"label": "default"}],
)
task_id = average_task["id"]
result = client.wait_for_result(task_id)
print(result)
print("central:", json.loads(result["data"][0]["result"])["average"])

# -- logs, of a good run and of one that fails
for run in client.run.from_task(task_id)["data"]:
    print("good log:", run["log"])

input_ = {"method": "central_average", "args": [], "kwargs": {"column_name": "abc123"}}
average_task = client.task.create(
    organizations=[1],
    study=1,
    name="name_for_the_task",
    image="harbor2.vantage6.ai/demo/average",
    description="",
    input_=input_,
    databases=[{"label": "default"}],
)
task_id = average_task["id"]
try:
    client.wait_for_results(task_id)
except Exception as error:
    print("failed:", error)
for run in client.run.from_task(task_id)["data"]:
    print("bad log:", run["log"])
