"""Tests of the asynchronous client, and the source that _sync is derived from."""
