"""WSGI application of the server, configured by the file in argv[1]."""

import functools
import gc
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import enum_format as enum_format  # before anything of vantage6
import sqlite_database
import token_lifetime
import websocket_handshake

gc.disable()  # what is imported stays; to search it for garbage takes a tenth of the start
# Cheaper password hashes: at the default cost, the login of the n-th node takes n/3 seconds,
# because its key is compared to those of all nodes. The passwords and keys here are random and
# short-lived.
bcrypt: Any = importlib.import_module("bcrypt")  # installed in the environment, not in the SDK
bcrypt.gensalt = functools.partial(bcrypt.gensalt, rounds=4)

# The server creates root at its first start, with a default password unless it is given a hash.
settings = json.loads(Path(sys.argv[1]).read_text())["localnet"]
root_password = settings["root_password"].encode()
os.environ["V6_INIT_SUPER_PASS_HASHED"] = bcrypt.hashpw(root_password, bcrypt.gensalt()).decode()

sqlite_database.never_reuse_ids("vantage6.server")
server = importlib.import_module("vantage6.server").run_server(sys.argv[1], system_folders=False)
app = server.app

# The published packages lack the templates of the server's mails.
app.template_folder = str(Path(__file__).with_name("templates"))

websocket_handshake.replace()
if settings["token_seconds"] is not None:
    token_lifetime.shorten(settings["token_seconds"])

if "large_result_store" in server.ctx.config:
    container = server.storage_adapter.container_client
    if not container.exists():  # the emulator keeps it across server restarts
        container.create_container()
gc.enable()
