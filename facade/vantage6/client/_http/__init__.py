"""HTTP: build, send, retry, limit, decode and check one request and its response.

May use: _rows, _storage, errors, _utils.
"""
