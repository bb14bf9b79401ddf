"""Tests against cassettes."""
