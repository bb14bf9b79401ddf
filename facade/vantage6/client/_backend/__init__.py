"""All that differs between generations and versions of the server.

May use: _auth, _encryption, _events and below.
"""
