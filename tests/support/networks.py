"""Fixtures of local networks, each started once, when a test first asks for it."""

import os
from collections.abc import Iterator

import pytest

from tests.support.mail_sink import MailSink
from vantage6.localnet import LocalNetwork


@pytest.fixture(scope="session")
def network() -> Iterator[LocalNetwork]:
    """Three organizations in a collaboration without encryption."""
    with LocalNetwork(organizations=3) as net:
        yield net


@pytest.fixture(scope="session")
def encrypted_network() -> Iterator[LocalNetwork]:
    """Three organizations in an encrypted collaboration."""
    with LocalNetwork(organizations=3, encrypted=True) as net:
        yield net


@pytest.fixture(scope="session")
def mail_sink() -> Iterator[MailSink]:
    """What the server sends its mails to."""
    with MailSink() as mail_sink:
        yield mail_sink


@pytest.fixture(scope="session")
def guarded_network(mail_sink: MailSink) -> Iterator[LocalNetwork]:
    """Demands two-factor login, sends mail, and gives tokens that live for six seconds.

    Less would not be enough for a login on a busy machine, which asks who that is by its new token.
    """
    smtp = mail_sink.address
    with LocalNetwork(organizations=1, two_factor=True, smtp=smtp, token_seconds=6) as net:
        yield net


@pytest.fixture
def any_network(mail_sink: MailSink) -> Iterator[LocalNetwork]:
    """Has a store with reviews, and sends mail; of the version that `nox -s versions` chooses.

    For one test alone: when a store is unlinked it forgets the users of the server.
    """
    version = os.environ.get("VANTAGE6_SCRIPT", "4.15.2")
    smtp = mail_sink.address
    with LocalNetwork(version=version, store=True, review=True, smtp=smtp) as net:
        yield net
