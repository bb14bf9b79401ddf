"""Show progress and logs in a terminal, a notebook or plain text.

May use: _waiting, _tasks and below; not _config.
"""
