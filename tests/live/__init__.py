"""Tests against a real server with nodes on this machine."""
