# Derived by unasync.py: edit tests/unit/_async/__init__.py instead.
"""Calls as users make them."""
