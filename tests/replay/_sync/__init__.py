# Derived from tests/replay/_async/__init__.py by unasync.py: edit that instead.
"""Tests of the asynchronous client, and the source that _sync is derived from."""
