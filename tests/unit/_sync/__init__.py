# Derived from tests/unit/_async/__init__.py by unasync.py: edit that instead.
"""Tests of the asynchronous client, and the source that _sync is derived from."""
