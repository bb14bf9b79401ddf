"""Tests that hold the OpenAPI contracts against their sources and against real services."""
