"""Tests of single modules, without a network beyond loopback."""
