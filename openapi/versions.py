"""Versions of the services."""


def parse_version(version):
    """Return a version as a tuple of integers."""
    return tuple(int(part) for part in str(version).split("."))
