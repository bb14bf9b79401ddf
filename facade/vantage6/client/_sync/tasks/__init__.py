# Derived by unasync.py: edit facade/vantage6/client/_async/tasks/__init__.py instead.
"""Tasks over time: create, wait, watch, poll, stream events."""
