"""Logins: tokens, credentials, renewal, saved logins.

May use: _http and below; not _encryption or _events.
"""
