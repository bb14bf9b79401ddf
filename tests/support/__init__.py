"""Helpers that several kinds of tests share: servers, proxies, keyrings, samples."""
