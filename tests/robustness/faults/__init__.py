"""Every exchange with a server, broken in every way."""
