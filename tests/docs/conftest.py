"""The local networks that the documentation is run on."""

from tests.support.networks import encrypted_network, guarded_network, mail_sink

__all__ = ["encrypted_network", "guarded_network", "mail_sink"]
