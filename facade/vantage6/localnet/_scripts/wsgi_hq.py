"""WSGI application of HQ, or of the store of version 5; arguments: "hq" or "store", a file."""

import importlib
import sys
from typing import Any

import image_digest
import sqlite_database
import websocket_handshake

service, configuration = sys.argv[1:]
if service == "hq":
    package, function = "vantage6.hq", "run_hq"
else:
    package, function = "vantage6.algorithm.store", "run_store"
    image_digest.replace()

module: Any = importlib.import_module(package)  # installed in the environment, not in the SDK
sqlite_database.never_reuse_ids(package)
sqlite_database.write_without_waiting()
started: Any = getattr(module, function)(configuration, system_folders=False)
started.ensure_db_initialized()
app = started.app
if service == "hq":
    websocket_handshake.replace()
