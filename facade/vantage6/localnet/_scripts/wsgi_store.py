"""WSGI application of the algorithm store, configured by the file in argv[1]."""

import hashlib
import importlib
import sys
from typing import Any

import enum_format as enum_format  # before anything of vantage6


def digest(full_image: str, *_credentials: object, **_more: object) -> str:
    """Return a digest derived from the image name."""
    name, _, known = full_image.partition("@")
    return known or f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


# No requests to image registries: the images of this network are in none, and the network works
# offline.
addons: Any = importlib.import_module(
    "vantage6.common.docker.addons"
)  # installed in the environment
addons.get_digest = digest

store: Any = importlib.import_module("vantage6.algorithm.store")
app = store.run_server(sys.argv[1], system_folders=False).app
