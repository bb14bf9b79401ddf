"""Task requests: inputs, databases, JSON encoding; decoding of inputs and results.

May use: _backend and below; not _waiting.
"""
