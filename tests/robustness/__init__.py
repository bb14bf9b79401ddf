"""Tests of what fails on the way: broken connections, malformed responses, fuzzed bytes."""
