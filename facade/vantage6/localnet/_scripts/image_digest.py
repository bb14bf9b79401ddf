"""Digests of images without requests to their registries."""

import hashlib
import importlib
from typing import Any


def replace() -> None:
    """Replace the look-up in registries; call it before the store is imported."""
    # The images of this network are in no registry, and the network works offline.
    addons: Any = importlib.import_module("vantage6.common.docker.addons")
    addons.get_digest = _digest


def _digest(full_image: str, *_credentials: object, **_more: object) -> str:
    """Return a digest derived from the image name."""
    name, _, known = full_image.partition("@")
    return known or f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
