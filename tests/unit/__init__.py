"""Tests of one module each, in folders like those of the package; a scripted server at most."""
