"""Test the pytest plugin: its settings and marks, its errors, its import time."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vantage6.localnet import LocalNetwork, LocalNetworkError
from vantage6.testing._wanted import Mark, Wanted, WantedError, by_settings, with_marks

FOLDER = Path("/project")
HEAVY = ("httpx", "attrs", "attr", "cryptography", "pandas", "vantage6.client", "vantage6.localnet")


def settings(**given: Any) -> Wanted:
    usual: dict[str, Any] = {
        "organizations": [],
        "algorithms": [],
        "databases": [],
        "encrypted": False,
        "version": "",
        "folder": FOLDER,
    }
    return by_settings(**{**usual, **given})


def test_settings_choose_the_network() -> None:
    assert settings() == Wanted()
    found = settings(
        organizations=["North", "South"],
        algorithms=["registry.example/a:1 = a", "b=/elsewhere/b.py"],
        databases=["North = n.csv", "South / visits = v.db", "South = s = 1.csv"],
        encrypted=True,
        version="4.10.2",
    )
    assert found.organizations == ("North", "South")
    assert found.algorithms == (
        ("registry.example/a:1", FOLDER / "a"),
        ("b", Path("/elsewhere/b.py")),
    )
    assert found.databases_by_name() == {
        "North": {"default": FOLDER / "n.csv"},
        "South": {"visits": FOLDER / "v.db", "default": FOLDER / "s = 1.csv"},
    }
    assert (found.encrypted, found.version) == (True, "4.10.2")
    assert str(found) == "2 organizations, encrypted"
    assert settings(organizations=["5"]).organizations == 5
    assert str(settings(databases=["North = n.csv"])) == "1 organization"
    for line in ("a", "= b", "a ="):
        with pytest.raises(WantedError, match="a line is 'name = path'"):
            settings(algorithms=[line])


def test_marks_override_settings() -> None:
    usual = settings(organizations=["2"], algorithms=["a = a"], databases=["IKNL = i.csv"])
    marks = [
        Mark("v6_organizations", ("North",)),
        Mark("v6_encrypted"),
        Mark("v6_algorithms", ({"b": "b"},)),
        Mark("v6_databases", ({"North": {"default": "n.csv", "visits": Path("/v.db")}},)),
    ]
    found = with_marks(usual, marks, Path("/tests"))
    assert found == Wanted(
        organizations=("North",),
        encrypted=True,
        algorithms=(("a", FOLDER / "a"), ("b", Path("/tests/b"))),
        databases=(
            ("North", "default", Path("/tests/n.csv")),
            ("North", "visits", Path("/v.db")),
        ),
    )
    assert with_marks(found, [Mark("v6_encrypted", (False,))], FOLDER).encrypted is False
    assert with_marks(found, [Mark("v6_organizations", (4,))], FOLDER).organizations == 4
    assert hash(found) != hash(usual)


@pytest.mark.parametrize(
    ("mark", "hint"),
    [
        (Mark("v6_organizations"), "a number or names"),
        (Mark("v6_organizations", (True,)), "a number or names"),
        (Mark("v6_organizations", (1, 2)), "a number or names"),
        (Mark("v6_encrypted", ("yes",)), "True, False or nothing"),
        (Mark("v6_encrypted", (), {"yes": True}), "no arguments by name: yes"),
        (Mark("v6_algorithms", ("a",)), "a dict of image name to package folder"),
        (Mark("v6_algorithms", ({"a": 1},)), "'a' needs a path, not 1"),
        (Mark("v6_databases", ({1: "n.csv"},)), "a dict of organization to file"),
        (Mark("v6_databases", ({"North": {"default": 1}},)), "'North' needs a path"),
    ],
)
def test_invalid_mark_is_rejected(mark: Mark, hint: str) -> None:
    with pytest.raises(WantedError, match=hint):
        with_marks(Wanted(), [mark], FOLDER)


def run_pytest(folder: Path, test: str, *arguments: str) -> str:
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    if "vantage6.testing.plugin" not in installed_plugins():
        command += ["-p", "vantage6.testing.plugin"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    return done.stdout + done.stderr


def installed_plugins() -> set[str]:
    from importlib.metadata import entry_points

    return {point.value for point in entry_points(group="pytest11")}


def test_invalid_options_fail_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    mark = "import pytest\n@pytest.mark.{}\ndef test_it(v6_client): pass\n"
    told = run_pytest(tmp_path, mark.format("v6_encrypted(1)"))
    assert "test_it.py::test_it: v6_encrypted takes True, False or nothing, not (1,)" in told
    told = run_pytest(tmp_path, mark.format("v6_algorithms({'a': 'nothing'})") * 2)
    assert "does not start: The algorithm of image 'a' should be a package" in told
    assert "Traceback" not in told
    (tmp_path / "pytest.ini").write_text("[pytest]\nv6_databases = North\n")
    told = run_pytest(tmp_path, "def test_it(v6_client): pass")
    assert "v6_databases: a line is 'name = path', not 'North'" in told


def test_plugin_loads_few_modules() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import vantage6.testing.plugin; "
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "vantage6.testing.plugin" in loaded
    assert not loaded & {*HEAVY}
    assert len(loaded) < 15, loaded


# -- what the network makes of it ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"organizations": 0}, "0 is too few"),
        ({"organizations": []}, "is too few"),
        ({"organizations": "North"}, r"in a list: \['North'\]"),
        ({"organizations": ["A", "A"]}, r"a name of its own, not \['A'\]"),
        ({"organizations": [" "]}, "a name of its own"),
        ({"organizations": ["A"], "databases": {"B": "b.csv"}}, "of 'B', but .* there are: A"),
        ({"databases": {"A": "nowhere.csv"}}, "'default' of 'A' should be at .*nowhere.csv"),
        ({"databases": {"A": "a.parquet"}}, "must be one of .csv.*'a.parquet'"),
        ({"databases": {"A": {"a b": "a.csv"}}}, "a label of letters"),
        ({"databases": {"A": {"a": "a.csv", "A": "a.csv"}}}, "upper and lower case"),
        ({"algorithms": {"x": "empty"}}, "has no __init__.py."),
        ({"algorithms": {"x": "."}}, "do you mean package in it"),
        ({"algorithms": {"x": "a.csv"}}, "cannot be imported"),
        ({"algorithms": {"x": "with-dash"}}, "cannot be imported"),
        ({"algorithms": {"x": "nowhere"}}, "is not there"),
    ],
)
def test_invalid_network_is_rejected(
    options: dict[str, Any], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("a\n1\n")
    for name in ("empty", "package", "with-dash"):
        Path(name).mkdir()
    for name in ("package", "with-dash"):
        (Path(name) / "__init__.py").touch()
    with pytest.raises(LocalNetworkError, match=hint):
        LocalNetwork(**options)
