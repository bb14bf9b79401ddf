"""Overlays: load one, and select the entries for a version.

Each entry of an overlay can have the keys ``since`` (the first version with the entry) and
``until`` (the first version without it). A value that is not a mapping is under ``then``. A list of
such entries contains the alternatives for different versions:

    cleanup_at: {since: "4.10", then: datetime?}
    status: [{until: "4.9", then: string}, {since: "4.9", then: RunStatus}]
"""

from pathlib import Path

import yaml
from versions import parse_version

HERE = Path(__file__).parent
RANGE = {"since", "until"}
ABSENT = object()


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
    """Return the overlay of a service at a version, merged with the common overlay."""
    common, own = (
        yaml.safe_load((HERE / "overlay" / f"{name}.yaml").read_text())
        for name in ("common", service)
    )
    merged = own | {part: entries | own.get(part, {}) for part, entries in common.items()}
    return select_version(merged, version) | {"shared": set(common["schemas"])}
