"""The client and its resources, one file for each."""
