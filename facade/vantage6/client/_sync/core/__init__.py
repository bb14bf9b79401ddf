# Derived by unasync.py: edit facade/vantage6/client/_async/core/__init__.py instead.
"""The core of a client: one connection, its login, names and blob store."""
