# Derived by unasync.py: edit tests/unit/_async/__init__.py instead.
"""Tests of the asynchronous client, and the source that _sync is derived from."""
