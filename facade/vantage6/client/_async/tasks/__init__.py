"""Tasks over time: create, wait, watch, poll, stream events."""
