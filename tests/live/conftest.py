"""The local networks that live tests share."""

from tests.support.networks import (
    any_network,
    encrypted_hq_network,
    encrypted_network,
    guarded_network,
    hq_network,
    mail_sink,
    network,
)

__all__ = [
    "any_network",
    "encrypted_hq_network",
    "encrypted_network",
    "guarded_network",
    "hq_network",
    "mail_sink",
    "network",
]
