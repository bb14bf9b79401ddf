"""Fixtures of all tests: no user settings, no user files, a scripted server."""

import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.scripted_server import ScriptedServer, scripted_server

# Programs started in the background by a shell ignore Ctrl-C, and so do their own children: a test
# that sends it would wait forever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Durations of examples depend on the machine, and the same code has to pass each time.
# `--hypothesis-profile=default` draws other examples.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

# Environment variables that a client reads.
CONNECTING = (
    *("SERVER", "USERNAME", "PASSWORD", "MFA_CODE", "COLLABORATION", "CA"),
    *("PRIVATE_KEY", "PRIVATE_KEY_PASSPHRASE", "PROFILE", "PROFILES", "TRUST"),
    *("AUTH_URL", "AUTH_REALM", "AUTH_CLIENT", "SERVICE_ACCOUNT", "CLIENT_SECRET"),
)


@pytest.fixture(scope="session", autouse=True)
def known_organizations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests away from the known organizations of the user."""
    with pytest.MonkeyPatch.context() as patch:
        file = tmp_path_factory.mktemp("trust") / "known_organizations"
        patch.setenv("VANTAGE6_KNOWN_ORGANIZATIONS", str(file))
        yield


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hide the user's environment, profiles and saved logins from tests; return the empty home."""
    for name in CONNECTING:
        monkeypatch.delenv(f"VANTAGE6_{name}", raising=False)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    return folder


@pytest.fixture(autouse=True)
def _log_level() -> Iterator[None]:
    """Restore the level of the client's logger, which every client sets by default."""
    logger = logging.getLogger("vantage6.client")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a scripted server on loopback for one test."""
    with scripted_server() as script:
        yield script
