"""The local network of version 5: HQ, store, identity provider, nodes and seed, a module each."""
