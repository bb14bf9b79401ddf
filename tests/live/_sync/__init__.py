# Derived by unasync.py: edit tests/live/_async/__init__.py instead.
"""Live tests of the asynchronous client, and the source that _sync is derived from."""
