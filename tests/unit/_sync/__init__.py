# Derived from tests/unit/_async/__init__.py by unasync.py: edit that instead.
"""Calls as users make them."""
