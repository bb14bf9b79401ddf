"""Configuration: options, profiles, environment variables, and the order in which they count.

May use: _waiting, _tasks and below; not _display.
"""
