"""The fuzzer of everything that decodes bytes from a server."""
