"""Tests that no password, token or key is shown."""
