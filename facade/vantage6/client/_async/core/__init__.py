"""The core of a client: one connection, its login, names and blob store."""
