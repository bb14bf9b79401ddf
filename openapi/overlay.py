"""Overlays: load one, and select the entries for a version.

Each entry of an overlay can have the keys ``since`` (the first version with the entry) and
``until`` (the first version without it). A value that is not a mapping is under ``then``. A list of
such entries contains the alternatives for different versions:

    cleanup_at: {since: "4.10", then: datetime?}
    status: [{until: "4.9", then: string}, {since: "4.9", then: RunStatus}]

The overlay of a service of version 5 is based on that of the service of version 4 that it follows:
its mappings are merged into those of the base, and its other values replace them. ``gone`` lists by
part the entries of the base that the service lacks; within an entry, ``until: "5.0"`` removes a
value.
"""

from pathlib import Path

import yaml
from versions import parse_version

HERE = Path(__file__).parent
# The service that the overlay of another one is based on.
BASES = {"hq": "server", "hq_store": "store"}
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


def merge(base, own):
    """Return a part of an overlay, merged into that of its base."""
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    both = {key: merge(base[key], own[key]) for key in base.keys() & own.keys()}
    return base | own | both


def read_overlay(service):
    """Return the overlay of a service at all versions, merged into that of its base."""
    own = yaml.safe_load((HERE / "overlay" / f"{service}.yaml").read_text())
    if service not in BASES:
        return own
    base = read_overlay(BASES[service])
    for part, names in own.pop("gone").items():
        if unknown := set(names) - set(base[part]):
            raise ValueError(f"gone / {part}: not in {BASES[service]}.yaml: {sorted(unknown)}")
        base[part] = {name: entry for name, entry in base[part].items() if name not in names}
    return merge(base, own)


def load_overlay(service, version):
    """Return the overlay of a service at a version, merged with the common overlay."""
    common = read_overlay("common")
    own = read_overlay(service)
    merged = own | {part: entries | own.get(part, {}) for part, entries in common.items()}
    return select_version(merged, version) | {"shared": set(common["schemas"])}
