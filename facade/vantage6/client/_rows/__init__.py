"""Rows that the API returns: lists, pages, selection, names, results, pandas.

May use: errors, _utils.
"""
