"""Pytest plugin with fixtures for a local network and its clients."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import pytest

from ._network_spec import (
    MARKERS,
    Mark,
    NetworkSpec,
    NetworkSpecError,
    apply_markers,
    check_marker_names,
    spec_from_settings,
)

if TYPE_CHECKING:
    from vantage6.client import AsyncClient, Client
    from vantage6.localnet import LocalNetwork

_MARKER_HELP = {
    "v6_organizations(number | *names)": "number or names of the organizations",
    "v6_encrypted(yes=True)": "whether the collaboration is encrypted",
    "v6_algorithms({image: path})": "Python packages to run for images",
    "v6_databases({organization: path | {label: path}})": "database files of the organizations",
}
_NETWORKS = pytest.StashKey["NetworkPool"]()


# ---- settings ------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini settings and the option for the server version."""
    for name, kind, help_ in (
        ("v6_algorithms", "linelist", "lines 'image = path': Python package to run for an image"),
        ("v6_organizations", "linelist", "names or number of the organizations"),
        (
            "v6_databases",
            "linelist",
            "lines 'organization = path' or 'organization / label = path'",
        ),
    ):
        parser.addini(name, f"vantage6: {help_}", cast("Any", kind), default=[])
    parser.addini(
        "v6_encrypted", "vantage6: whether the collaboration is encrypted", "bool", default=False
    )
    parser.addini("v6_version", "vantage6: server version", default="")
    parser.getgroup("vantage6").addoption(
        "--v6-version", metavar="VERSION", help="server version, such as 4.15.2"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers and the network pool."""
    for marker, help_ in _MARKER_HELP.items():
        config.addinivalue_line("markers", f"{marker}: {help_} (vantage6).")
    config.stash[_NETWORKS] = NetworkPool(config)
    config.pluginmanager.register(_async_fixtures(config.pluginmanager), "vantage6-async")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop all networks."""
    if networks := config.stash.get(_NETWORKS, None):
        networks.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Check the markers, and parametrize tests that request a different network."""
    registered = [re.split(r"\W", line)[0] for line in metafunc.config.getini("markers")]
    node_id = metafunc.definition.nodeid
    try:
        check_marker_names((each.name for each in metafunc.definition.iter_markers()), registered)
    except NetworkSpecError as error:
        raise pytest.UsageError(f"{node_id}: {error}") from None
    if "v6_network" not in metafunc.fixturenames:
        return
    found = [metafunc.definition.get_closest_marker(name) for name in MARKERS]
    marks = [Mark(each.name, each.args, each.kwargs) for each in found if each]
    if not marks:
        return
    networks = metafunc.config.stash[_NETWORKS]
    folder = metafunc.definition.path.parent
    try:
        spec = networks.intern(apply_markers(networks.default, marks, folder))
    except NetworkSpecError as error:
        raise pytest.UsageError(f"{node_id}: {error}") from None
    metafunc.parametrize("v6_network", [spec], ids=[str(spec)], indirect=True, scope="session")


# ---- networks ------------------------------------------------------------------------------------


class NetworkPool:
    """The networks of a pytest process, each started on first use."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._exit_stack = ExitStack()
        self._running: dict[NetworkSpec, LocalNetwork] = {}
        self._failed: dict[NetworkSpec, str] = {}
        self._interned: dict[NetworkSpec, NetworkSpec] = {}

    @property
    def default(self) -> NetworkSpec:
        """The network of the ini settings."""
        config = self._config
        try:
            return self.intern(
                spec_from_settings(
                    config.getini("v6_organizations"),
                    config.getini("v6_algorithms"),
                    config.getini("v6_databases"),
                    config.getini("v6_encrypted"),
                    config.getoption("--v6-version") or config.getini("v6_version"),
                    config.inipath.parent if config.inipath else config.rootpath,
                )
            )
        except NetworkSpecError as error:
            raise pytest.UsageError(str(error)) from None

    def intern(self, spec: NetworkSpec) -> NetworkSpec:
        """Return the same object for equal specs: pytest compares parameters by identity."""
        return self._interned.setdefault(spec, spec)

    def get(self, spec: NetworkSpec) -> LocalNetwork:
        """Return the network for a spec, started if necessary."""
        if spec in self._failed:
            pytest.fail(self._failed[spec], pytrace=False)
        if spec not in self._running:
            from vantage6.localnet import LocalNetworkError

            try:
                self._running[spec] = self._start(spec)
            except LocalNetworkError as error:
                self._failed[spec] = f"the local network failed to start: {error}"
                pytest.fail(self._failed[spec], pytrace=False)
        return self._running[spec]

    def _start(self, spec: NetworkSpec) -> LocalNetwork:
        from vantage6.localnet import LocalNetwork
        from vantage6.localnet._network import DEFAULT_VERSION

        network = LocalNetwork(
            version=spec.version or DEFAULT_VERSION,
            organizations=spec.organizations,
            databases=spec.databases_by_name(),
            encrypted=spec.encrypted,
            algorithms=dict(spec.algorithms),
        )
        capture: Any = self._config.pluginmanager.getplugin("capturemanager")
        with ExitStack() as stack:
            if capture:  # the first start takes minutes and prints its progress
                stack.enter_context(capture.global_and_fixture_disabled())
            return self._exit_stack.enter_context(network)

    def stop(self) -> None:
        """Stop all networks."""
        self._exit_stack.close()


# ---- fixtures ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def v6_network(request: pytest.FixtureRequest) -> LocalNetwork:
    """Return a local vantage6 network: a real server with working nodes.

    The ini settings `v6_algorithms`, `v6_organizations`, `v6_databases`, `v6_encrypted` and
    `v6_version` configure it; markers of the same names override them for a test. Tests with equal
    configurations share a network.
    """
    networks = request.config.stash[_NETWORKS]
    return networks.get(getattr(request, "param", None) or networks.default)


@pytest.fixture
def v6_client(v6_network: LocalNetwork) -> Iterator[Client]:
    """Return a client that is logged in to the network as the researcher.

    Each test has a new one. ``v6_network.client("admin")`` returns one of another user.
    """
    with v6_network.client() as client:
        yield client


@pytest.fixture
def v6_environment(v6_network: LocalNetwork, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Set the environment variables that ``Client.from_env()`` reads, and return them.

    Use it to test scripts without changing them.
    """
    from vantage6.localnet._network import LOGIN_VARIABLES

    variables = v6_network.client_variables()
    for name in LOGIN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


async def _async_client(v6_network: LocalNetwork) -> AsyncIterator[AsyncClient]:
    """Return an asynchronous client that is logged in to the network as the researcher."""
    async with await v6_network.async_client() as client:
        yield client


def _no_async_client() -> None:
    """Fail the test, because no plugin runs asynchronous fixtures."""
    pytest.fail(
        "v6_async_client: expected pytest-asyncio or the anyio plugin to be installed.",
        pytrace=False,
    )


def _async_fixtures(plugins: pytest.PytestPluginManager) -> ModuleType:
    """Create `v6_async_client` for the installed asyncio plugin."""
    module = ModuleType("vantage6.testing.async_fixtures")
    fixture: Any = pytest.fixture
    if plugins.hasplugin("asyncio"):
        fixture = import_module("pytest_asyncio").fixture
    is_supported = plugins.hasplugin("asyncio") or plugins.hasplugin("anyio")
    function = _async_client if is_supported else _no_async_client
    vars(module)["v6_async_client"] = fixture(name="v6_async_client")(function)
    return module
