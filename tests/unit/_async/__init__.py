"""Calls as users make them."""
