"""What all tests have in common."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.scripted_server import ScriptedServer, scripted_server

# What a shell starts in the background ignores Ctrl-C, and so does all that it starts in turn: who
# presses it in a test would then wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes, or its making, says more of the machine than of what is tested; and the
# same code is to pass each time. `--hypothesis-profile=default` looks at other examples.
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

# The variables that a client connects by.
CONNECTING = (
    *("SERVER", "USERNAME", "PASSWORD", "MFA_CODE", "COLLABORATION", "CA"),
    *("PRIVATE_KEY", "PRIVATE_KEY_PASSPHRASE", "PROFILE", "PROFILES"),
)


@pytest.fixture(scope="session", autouse=True)
def known_organizations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test read or write what whoever runs it knows of real servers."""
    with pytest.MonkeyPatch.context() as patch:
        file = tmp_path_factory.mktemp("trust") / "known_organizations"
        patch.setenv("VANTAGE6_KNOWN_ORGANIZATIONS", str(file))
        yield


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let no test find, in the environment or in files, where whoever runs it connects to."""
    for name in CONNECTING:
        monkeypatch.delenv(f"VANTAGE6_{name}", raising=False)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    return folder


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Run a scripted server on loopback for one test."""
    with scripted_server() as script:
        yield script
