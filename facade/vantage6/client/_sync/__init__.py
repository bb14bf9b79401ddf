# Derived from facade/vantage6/client/_async/__init__.py by unasync.py: edit that instead.
"""The client and its resources, one file for each."""
