"""WSGI application of HQ, or of the store of version 5; arguments: "hq" or "store", a file."""

import gc
import importlib
import os
import sys
import time
import urllib.request
from typing import Any

import image_digest
import sqlite_database
import websocket_handshake

service, configuration = sys.argv[1:]
gc.disable()  # what is imported stays; to search it for garbage takes a tenth of the start
if service == "hq":
    package, function = "vantage6.hq", "run_hq"
else:
    package, function = "vantage6.algorithm.store", "run_store"
    image_digest.replace()

module: Any = importlib.import_module(package)  # installed in the environment, not in the SDK
sqlite_database.never_reuse_ids(package)
sqlite_database.write_without_waiting()
# It asks the identity provider for its key, and exits if it does not respond.
realm = f"{os.environ['KEYCLOAK_URL']}/realms/{os.environ['KEYCLOAK_REALM']}"
while True:
    try:
        urllib.request.urlopen(realm).close()  # noqa: S310  (on the loopback interface)
        break
    except OSError:
        time.sleep(0.05)
started: Any = getattr(module, function)(configuration, system_folders=False)
started.ensure_db_initialized()
app = started.app
if service == "hq":
    websocket_handshake.replace()
gc.enable()
