"""Task requests: inputs, databases, JSON encoding.

May use: _backend and below; not _waiting.
"""
