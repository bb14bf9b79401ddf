"""Choose from an overlay what holds at one version of a service.

Any entry of an overlay can say ``since`` (the first version that has it) and ``until`` (the first
version that no longer has it). Where a value is no mapping it stands under ``then``; where it
differs between versions, a list of such entries gives the one that holds:

    cleanup_at: {since: "4.10", then: datetime?}
    status: [{until: "4.9", then: string}, {since: "4.9", then: RunStatus}]
"""

RANGE = {"since", "until"}
ABSENT = object()


def at(node, version):
    """Give an overlay, or a part of it, as it is at a version.

    Parameters
    ----------
    node : dict, list, str, int, float, bool or None
        The part.
    version : str
        The version, such as ``"4.15.2"``.

    Returns
    -------
    The same kind, or ``ABSENT`` where nothing holds.
    """
    if isinstance(node, dict):
        return in_mapping(node, version)
    if not isinstance(node, list):
        return node
    found = [item for item in (at(item, version) for item in node) if item is not ABSENT]
    # Only where every item has a range are they alternatives; otherwise it is a list of things.
    if not all(is_ranged(item) for item in node) or not node:
        return found
    if len(found) > 1:
        raise ValueError(f"several alternatives hold at {version}: {found}")
    return found[0] if found else ABSENT


def in_mapping(node, version):
    """Give a mapping as it is at a version."""
    if is_ranged(node):
        if not holds(node, version):
            return ABSENT
        node = {key: value for key, value in node.items() if key not in RANGE}
        if set(node) == {"then"}:
            return at(node["then"], version)
    chosen = {key: at(value, version) for key, value in node.items()}
    return {key: value for key, value in chosen.items() if value is not ABSENT}


def is_ranged(node):
    """Tell whether something holds at some versions only."""
    return isinstance(node, dict) and bool(RANGE & set(node))


def holds(node, version):
    """Tell whether a version is within a range."""
    number = parsed(version)
    since, until = node.get("since"), node.get("until")
    return (since is None or number >= parsed(since)) and (until is None or number < parsed(until))


def parsed(version):
    """Give a version as numbers that compare."""
    return tuple(int(part) for part in str(version).split("."))
