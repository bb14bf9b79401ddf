"""WSGI application of the algorithm store, configured by the file in argv[1]."""

import importlib
import sys
from typing import Any

import enum_format as enum_format  # before anything of vantage6
import image_digest

image_digest.replace()
store: Any = importlib.import_module("vantage6.algorithm.store")
app = store.run_server(sys.argv[1], system_folders=False).app
