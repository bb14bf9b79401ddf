"""Waiting for tasks: statuses, tracking, polling, failures, logs, progress.

May use: _backend and below; not _tasks.
"""
