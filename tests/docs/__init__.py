"""Tests of the documentation: pages, docstrings, their examples, the site."""
