"""Tests of both clients against cassettes, and against servers that no recording can show."""
