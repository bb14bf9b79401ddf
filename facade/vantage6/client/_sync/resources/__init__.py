# Derived by unasync.py: edit facade/vantage6/client/_async/resources/__init__.py instead.
"""The resources of the client, one module each."""
