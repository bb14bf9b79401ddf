"""Test that importing is cheap, and that all exports exist."""

import inspect
import subprocess
import sys
import typing
from pathlib import Path

import pytest
import typing_extensions

import vantage6.client
from vantage6.bindings.server import rows
from vantage6.client import errors

HEAVY = {"httpx", "cryptography", "attrs", "attr", "rich", "pandas", "IPython"}


def run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        (
            "import vantage6.client",
            HEAVY | {"asyncio", "dataclasses", "json", "re", "ssl", "typing"},
        ),
        ("from vantage6.client import Client", HEAVY | {"vantage6.client._events.types"}),
        ("from vantage6.client import AsyncClient, LoginFailedError", HEAVY),
        (
            "from vantage6.client import Client; Client('http://localhost', 1)",
            {"asyncio", "cryptography", "attrs", "attr", "pandas", "rich"},
        ),
        (
            "from vantage6.client import Rows; print(Rows([{'id': 1}], {'first': '', 'self': ''}))",
            HEAVY,
        ),
    ],
)
def test_only_what_is_used_is_loaded(code: str, unwanted: set[str]) -> None:
    known = "import sys; before = set(sys.modules)\n"
    loaded = run(f"{known}{code}\nprint(*(set(sys.modules) - before), sep='\\n')").stdout.split()
    assert "vantage6.client" in loaded
    assert not unwanted & set(loaded)


SHOW = "print(*sys.modules, sep='\\n')"


@pytest.mark.parametrize("service", ["server", "store", "hq", "hq_store"])
def test_bindings_load_only_what_is_used(service: str) -> None:
    package = f"vantage6.bindings.{service}"
    listing = f"import sys, {package}.calls; {SHOW}"
    assert not HEAVY & set(run(listing).stdout.split())
    one = f"import sys; from {package}.api.version import get_version; {SHOW}"
    models = [name for name in run(one).stdout.split() if name.startswith(f"{package}.models.")]
    assert set(models) == {f"{package}.models.{name}" for name in ("error", "version")}


def test_every_export_exists() -> None:
    for name in vantage6.client.__all__:
        assert getattr(vantage6.client, name) is not None
        assert name in dir(vantage6.client)
    kinds = {name for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert kinds < set(vantage6.client.__all__)
    assert vantage6.client.UserClient is vantage6.client.Client
    with pytest.raises(AttributeError, match="Clent"):
        _ = vantage6.client.Clent  # type: ignore[attr-defined]


def test_row_types_are_available_at_run_time() -> None:
    # Python 3.10 does not know fields that may be left out; its library for that does.
    library = typing if sys.version_info >= (3, 11) else typing_extensions
    hints = library.get_type_hints(rows.TaskInput)
    assert hints["image"] is str
    assert hints["collaboration_id"] is int


def test_conflicting_package_warns(tmp_path: Path) -> None:
    code = f"import sys; sys.path.append({str(tmp_path)!r}); import vantage6.client"
    assert run(code).stderr == ""
    (tmp_path / "vantage6_client-4.15.2.dist-info").mkdir()
    warned = run(code).stderr
    assert "vantage6-client" in warned
    assert str(tmp_path) in warned
    assert "Uninstall" in warned
