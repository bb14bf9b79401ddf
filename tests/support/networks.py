"""Fixtures of local networks; each starts on first use."""

import os
from collections.abc import Iterator

import pytest

from tests.support.mail_sink import MailSink
from tests.support.paths import ROOT
from vantage6.localnet import LocalNetwork

# An algorithm for both generations, and one for version 5.
LOGISTIC = {"example/logistic": ROOT / "examples" / "both-generations" / "logistic.py"}
HOSPITAL = {"example/hospital": ROOT / "examples" / "three-hospitals" / "hospital.py"}
# The version of HQ, which `nox -s versions` selects.
HQ_VERSION = os.environ.get("VANTAGE6_HQ", "5.0.3")


@pytest.fixture(scope="session")
def network() -> Iterator[LocalNetwork]:
    """Three organizations in a collaboration without encryption."""
    with LocalNetwork(organizations=3, algorithms=LOGISTIC) as net:
        yield net


@pytest.fixture(scope="session")
def encrypted_network() -> Iterator[LocalNetwork]:
    """Three organizations in an encrypted collaboration."""
    with LocalNetwork(organizations=3, encrypted=True) as net:
        yield net


@pytest.fixture(scope="session")
def hq_network() -> Iterator[LocalNetwork]:
    """Three organizations at HQ, in a collaboration without encryption."""
    algorithms = LOGISTIC | HOSPITAL
    with LocalNetwork(version=HQ_VERSION, organizations=3, algorithms=algorithms) as net:
        yield net


@pytest.fixture(scope="session")
def encrypted_hq_network() -> Iterator[LocalNetwork]:
    """Three organizations at HQ, in an encrypted collaboration."""
    options = {"organizations": 3, "encrypted": True}
    with LocalNetwork(version=HQ_VERSION, algorithms=LOGISTIC, **options) as net:
        yield net


@pytest.fixture(scope="session")
def mail_sink() -> Iterator[MailSink]:
    """The mail server of the networks."""
    with MailSink() as mail_sink:
        yield mail_sink


@pytest.fixture(scope="session")
def guarded_network(mail_sink: MailSink) -> Iterator[LocalNetwork]:
    """A network with two-factor login, mail, and tokens that are valid for six seconds.

    Fewer seconds are too short for a login on a busy machine, which also fetches the user.
    """
    smtp = mail_sink.address
    with LocalNetwork(organizations=1, two_factor=True, smtp=smtp, token_seconds=6) as net:
        yield net


@pytest.fixture
def any_network(mail_sink: MailSink) -> Iterator[LocalNetwork]:
    """A network with a reviewed store and mail, of the version that `nox -s versions` selects.

    For one test only: a store that is unlinked forgets the users of the server.
    """
    version = os.environ.get("VANTAGE6_SCRIPT", "4.15.2")
    smtp = mail_sink.address
    with LocalNetwork(version=version, store=True, review=True, smtp=smtp) as net:
        yield net
