"""The plugin: loaded in every run of pytest, it loads the network and the client when used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import pytest

from ._wanted import MARKS, Mark, Wanted, WantedError, by_settings, with_marks

if TYPE_CHECKING:
    from vantage6.client import AsyncClient, Client
    from vantage6.localnet import LocalNetwork

_HELP = {
    "v6_organizations(number | *names)": "how many organizations the network has, or their names",
    "v6_encrypted(yes=True)": "whether its collaboration is encrypted",
    "v6_algorithms({image: path})": "what Python package stands for an image",
    "v6_databases({organization: path | {label: path}})": "data of the organizations",
}
_NETWORKS = pytest.StashKey["Networks"]()


# ---- settings ------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings of a project, and an option for the server's version."""
    for name, kind, what in (
        ("v6_algorithms", "linelist", "lines 'image = path': the package that stands for an image"),
        ("v6_organizations", "linelist", "names of the organizations, or how many there are"),
        (
            "v6_databases",
            "linelist",
            "lines 'organization = path' or 'organization / label = path'",
        ),
    ):
        parser.addini(name, f"vantage6: {what}", cast("Any", kind), default=[])
    parser.addini("v6_encrypted", "vantage6: whether there is encryption", "bool", default=False)
    parser.addini("v6_version", "vantage6: version of the server", default="")
    parser.getgroup("vantage6").addoption(
        "--v6-version", metavar="VERSION", help="version of the vantage6 server, such as 4.15.2"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    for mark, what in _HELP.items():
        config.addinivalue_line("markers", f"{mark}: {what} (vantage6).")
    config.stash[_NETWORKS] = Networks(config)
    config.pluginmanager.register(_async_fixtures(config.pluginmanager), "vantage6-async")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End all networks."""
    if networks := config.stash.get(_NETWORKS, None):
        networks.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test whose marks want it another network than that of the settings."""
    if "v6_network" not in metafunc.fixturenames:
        return
    found = [metafunc.definition.get_closest_marker(name) for name in MARKS]
    marks = [Mark(each.name, each.args, each.kwargs) for each in found if each]
    if not marks:
        return
    networks = metafunc.config.stash[_NETWORKS]
    folder = metafunc.definition.path.parent
    try:
        wanted = networks.known(with_marks(networks.usual, marks, folder))
    except WantedError as error:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: {error}") from None
    metafunc.parametrize("v6_network", [wanted], ids=[str(wanted)], indirect=True, scope="session")


# ---- networks ------------------------------------------------------------------------------------


class Networks:
    """The networks of a run of pytest, or of one of its workers: each is started once, when used.

    Parameters
    ----------
    config : Config
        The settings of pytest.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ends = ExitStack()
        self._running: dict[Wanted, LocalNetwork] = {}
        self._failed: dict[Wanted, str] = {}
        self._known: dict[Wanted, Wanted] = {}

    @property
    def usual(self) -> Wanted:
        """The network of the settings."""
        config = self._config
        try:
            return self.known(
                by_settings(
                    config.getini("v6_organizations"),
                    config.getini("v6_algorithms"),
                    config.getini("v6_databases"),
                    config.getini("v6_encrypted"),
                    config.getoption("--v6-version") or config.getini("v6_version"),
                    config.inipath.parent if config.inipath else config.rootpath,
                )
            )
        except WantedError as error:
            raise pytest.UsageError(str(error)) from None

    def known(self, wanted: Wanted) -> Wanted:
        """Give the same object for what is equal, as pytest compares parameters.

        Parameters
        ----------
        wanted : Wanted
            A network.

        Returns
        -------
        Wanted
            The same.
        """
        return self._known.setdefault(wanted, wanted)

    def get(self, wanted: Wanted) -> LocalNetwork:
        """Give a network, and start it if it is not running yet.

        Parameters
        ----------
        wanted : Wanted
            Which one.

        Returns
        -------
        LocalNetwork
            The network.
        """
        if wanted in self._failed:
            pytest.fail(self._failed[wanted], pytrace=False)
        if wanted not in self._running:
            from vantage6.localnet import LocalNetworkError

            try:
                self._running[wanted] = self._start(wanted)
            except LocalNetworkError as error:
                self._failed[wanted] = f"the local network does not start: {error}"
                pytest.fail(self._failed[wanted], pytrace=False)
        return self._running[wanted]

    def _start(self, wanted: Wanted) -> LocalNetwork:
        from vantage6.localnet import LocalNetwork
        from vantage6.localnet._network import DEFAULT_VERSION

        network = LocalNetwork(
            version=wanted.version or DEFAULT_VERSION,
            organizations=wanted.organizations,
            databases=wanted.databases_by_name(),
            encrypted=wanted.encrypted,
            algorithms=dict(wanted.algorithms),
        )
        capture: Any = self._config.pluginmanager.getplugin("capturemanager")
        with ExitStack() as shown:
            if capture:  # the first start takes minutes, and tells of it
                shown.enter_context(capture.global_and_fixture_disabled())
            return self._ends.enter_context(network)

    def stop(self) -> None:
        """End all of them."""
        self._ends.close()


# ---- fixtures ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def v6_network(request: pytest.FixtureRequest) -> LocalNetwork:
    """Give a real vantage6 server with working nodes on this machine: one for all tests.

    The settings `v6_algorithms`, `v6_organizations`, `v6_databases`, `v6_encrypted` and
    `v6_version` say which one, and marks of the same names those of a test. Tests that want the
    same one share it.
    """
    networks = request.config.stash[_NETWORKS]
    return networks.get(getattr(request, "param", None) or networks.usual)


@pytest.fixture
def v6_client(v6_network: LocalNetwork) -> Iterator[Client]:
    """Give a client of the network, logged in as its researcher, for one test.

    ``v6_network.client("admin")`` gives one of another user.
    """
    with v6_network.client() as client:
        yield client


@pytest.fixture
def v6_environment(v6_network: LocalNetwork, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Set the environment variables by which ``Client.from_env()`` connects to the network.

    For scripts that are tested as they are. It gives the variables, too.
    """
    user = v6_network.users["researcher"]
    variables = {
        "VANTAGE6_SERVER": f"{v6_network.url}{v6_network.api_path}",
        "VANTAGE6_USERNAME": user.username,
        "VANTAGE6_PASSWORD": str(user.password),
        "VANTAGE6_COLLABORATION": v6_network.collaboration.name,
        "VANTAGE6_KNOWN_ORGANIZATIONS": str(v6_network.known_organizations),
    }
    if key := v6_network.private_keys.get(user.organization_id):
        variables["VANTAGE6_PRIVATE_KEY"] = str(key)
    for name in ("MFA_CODE", "PRIVATE_KEY", "PRIVATE_KEY_PASSPHRASE", "CA", "PROFILE"):
        monkeypatch.delenv(f"VANTAGE6_{name}", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


async def _async_client(v6_network: LocalNetwork) -> AsyncIterator[AsyncClient]:
    """Give an asynchronous client of the network, logged in as its researcher, for one test."""
    async with await v6_network.async_client() as client:
        yield client


def _no_async_client() -> None:
    """Say what is missing."""
    pytest.fail("v6_async_client needs pytest-asyncio, or the plugin of anyio", pytrace=False)


def _async_fixtures(plugins: pytest.PytestPluginManager) -> ModuleType:
    """Make the fixture `v6_async_client` for the plugin that runs asynchronous tests here."""
    made = ModuleType("vantage6.testing.async_fixtures")
    fixture: Any = pytest.fixture
    if plugins.hasplugin("asyncio"):
        fixture = import_module("pytest_asyncio").fixture
    has_one = plugins.hasplugin("asyncio") or plugins.hasplugin("anyio")
    give = _async_client if has_one else _no_async_client
    vars(made)["v6_async_client"] = fixture(name="v6_async_client")(give)
    return made
