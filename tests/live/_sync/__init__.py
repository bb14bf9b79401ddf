# Derived from tests/live/_async/__init__.py by unasync.py: edit that instead.
"""Live tests of the asynchronous client, and the source that _sync is derived from."""
