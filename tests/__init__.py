"""Tests, a folder for each kind; `support` is what several of them share."""
