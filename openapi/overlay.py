"""Overlays: load one, and select the entries for a version.

Each entry of an overlay can have the keys ``since`` (the first version with the entry) and
``until`` (the first version without it). A value that is not a mapping is under ``then``. A list of
such entries contains the alternatives for different versions:

    cleanup_at: {since: "4.10", then: datetime?}
    status: [{until: "4.9", then: string}, {since: "4.9", then: RunStatus}]

An overlay with the key ``extends`` contains only what differs from another overlay. Mappings are
merged at every depth, and the value ``gone`` removes an entry; an entry that changes nothing is an
error. Overlays without the key extend ``common``.
"""

from pathlib import Path

import yaml
from contract_errors import OverlayPath
from versions import parse_version

HERE = Path(__file__).parent
RANGE = {"since", "until"}
ABSENT = object()
GONE = "gone"


def select_version(node, version):
    """Return an overlay, or a part of it, at a version; `ABSENT` if no range includes it."""
    if isinstance(node, dict):
        return select_in_mapping(node, version)
    if not isinstance(node, list):
        return node
    found = [
        item for item in (select_version(item, version) for item in node) if item is not ABSENT
    ]
    # Items are alternatives only if all of them have a range.
    if not all(has_range(item) for item in node) or not node:
        return found
    if len(found) > 1:
        raise ValueError(f"expected one alternative at {version}, got {found}")
    return found[0] if found else ABSENT


def select_in_mapping(node, version):
    """Return a mapping at a version."""
    if has_range(node):
        if not includes_version(node, version):
            return ABSENT
        node = {key: value for key, value in node.items() if key not in RANGE}
        if set(node) == {"then"}:
            return select_version(node["then"], version)
    chosen = {key: select_version(value, version) for key, value in node.items()}
    return {key: value for key, value in chosen.items() if value is not ABSENT}


def has_range(node):
    """Return whether an entry has a version range."""
    return isinstance(node, dict) and bool(RANGE & set(node))


def includes_version(node, version):
    """Return whether a version is in an entry's range."""
    number = parse_version(version)
    since, until = node.get("since"), node.get("until")
    return (since is None or number >= parse_version(since)) and (
        until is None or number < parse_version(until)
    )


def load_overlay(service, version):
    """Return the overlay of a service at a version, merged with all that it extends."""
    overlay, names = {}, [service]
    while base := read(names[0]).get("extends", names[0] != "common" and "common"):
        names.insert(0, base)
    for name in names:
        own = select_version(read(name), version)
        overlay = merge(overlay, own, OverlayPath("overlay", f"{name}.yaml"))
    return overlay | {"shared": set(read("common")["schemas"])}


def read(name):
    """Return the content of an overlay file."""
    return yaml.safe_load((HERE / "overlay" / f"{name}.yaml").read_text())


def merge(base, own, location):
    """Return a mapping with the entries of another; `gone` removes an entry."""
    merged = dict(base)
    for key, value in own.items():
        if value == GONE:
            if key not in base:
                (location / key).raise_error("nothing to remove")
            del merged[key]
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            merged[key] = merge(base[key], value, location / key)
        elif key in base and value == base[key]:
            (location / key).raise_error("the same as in the overlay that this one extends")
        else:
            merged[key] = value
    return merged
