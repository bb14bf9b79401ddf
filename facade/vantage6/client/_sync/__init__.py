# Derived by unasync.py: edit facade/vantage6/client/_async/__init__.py instead.
"""The asynchronous client; `_sync` is derived from it.

May use: every room but _sync.
"""
