"""What uWSGI serves: the vantage6 server of the environment, set up from the file in argv[1]."""

import functools
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import mend as mend  # before anything of vantage6
import tokens

# The server is the real one but for the cost of its password hashes. At their default cost the
# n-th node to log in takes n third parts of a second, since a key is compared with those of all
# nodes; and the passwords and keys here are random and gone in a moment.
bcrypt: Any = importlib.import_module("bcrypt")  # of the environment, not of the SDK
bcrypt.gensalt = functools.partial(bcrypt.gensalt, rounds=4)

# Identifiers of what was deleted are never given again, as by the databases of real servers: what a
# node, or a client, is late to tell of a deleted run must not reach another one.
tables: Any = importlib.import_module("vantage6.server.model.base").Base.metadata.tables
importlib.import_module("vantage6.server.model")  # which fills it
for table in tables.values():
    table.dialect_options["sqlite"]["autoincrement"] = True

server = importlib.import_module("vantage6.server").run_server(sys.argv[1], system_folders=False)
app = server.app

# The published packages lack the texts of the server's mails, so that it cannot send any.
app.template_folder = str(Path(__file__).with_name("templates"))

settings = json.loads(Path(sys.argv[1]).read_text())["localnet"]
if settings["token_seconds"] is not None:
    tokens.shorten(settings["token_seconds"])

if "large_result_store" in server.ctx.config:
    container = server.storage_adapter.container_client
    if not container.exists():  # the emulator starts out empty, and stays when the server restarts
        container.create_container()
