"""Server events: types, parsing, filters, and the socket.

May use: _http and below; not _auth or _encryption.
"""
