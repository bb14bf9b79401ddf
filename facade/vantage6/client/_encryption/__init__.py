"""Encryption: the wire format, keys, trust in keys, large inputs and results.

May use: _http and below; not _auth or _events.
"""
