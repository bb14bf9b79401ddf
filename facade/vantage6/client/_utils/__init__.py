"""Helpers independent of vantage6: text, time, locks, threads, drawing, logging, warnings.

May use: the standard library and third-party packages.
"""
