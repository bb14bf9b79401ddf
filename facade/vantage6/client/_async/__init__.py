"""The asynchronous client; `_sync` is derived from it.

May use: every room but _sync.
"""
