"""Configuration: options, profiles, environment variables, and their order of precedence.

May use: _waiting, _tasks and below; not _display.
"""
