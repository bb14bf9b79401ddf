"""Test the checks before a release."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bump import add_release_heading
from check import HERE, MAX_DEPENDENCIES, check_changelog, check_dependencies, check_names
from public_api import allows_breaking_changes, breaking_changes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

UNRELEASED = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- This.\n"
RELEASED = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n- That.\n"
OLDER = RELEASED + "\n## [0.1.0] - 2026-11-01\n\n- The first.\n"
BOTH = UNRELEASED + "\n## [0.2.0] - 2026-12-01\n\n- That.\n"
ABOUT = "vantage6_sdk-0.2.0.dist-info"
WHEEL = {
    "vantage6/client/__init__.py",
    "vantage6/client/py.typed",
    "vantage6/bindings/server/py.typed",
    f"{ABOUT}/METADATA",
    f"{ABOUT}/licenses/LICENSE",
}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((HERE / "pyproject.toml").read_text())["project"]


# -- dependencies and files ---------------------------------------------------------------------
def test_dependencies_are_few_and_ranges(project: dict[str, Any]) -> None:
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    assert len(project["dependencies"]) <= MAX_DEPENDENCIES
    assert list(check_dependencies(project["dependencies"])) == []
    assert list(check_dependencies([f'{line}; extra == "x"' for line in extras])) == []


@pytest.mark.parametrize(
    ("requirements", "flaw"),
    [
        ([f"library-{n}>=1" for n in range(6)], "got 6: library-0"),
        (["httpx==0.28.1"], "a pinned version"),
        (["httpx"], "a minimum version"),
        (["httpx<1"], "a minimum version"),
        (['rich; extra == "rich"'], "a minimum version"),
        (["httpx @ https://files.example/httpx.whl"], "a pinned version"),
    ],
)
def test_other_dependencies_are_rejected(requirements: list[str], flaw: str) -> None:
    (found, *_) = check_dependencies(requirements)
    assert flaw in found


@pytest.mark.parametrize(
    ("more", "less", "flaw"),
    [
        ("tests/unit/test_release.py", "", "unexpected file"),
        ("vantage6/client/tests/test_it.py", "", "unexpected file"),
        ("vantage6/__init__.py", "", "unexpected file"),
        ("", "vantage6/client/py.typed", "vantage6/client: expected a py.typed"),
        ("", f"{ABOUT}/licenses/LICENSE", "expected a LICENSE"),
    ],
)
def test_wheel_contains_expected_files_only(more: str, less: str, flaw: str) -> None:
    assert list(check_names(WHEEL, ABOUT)) == []
    (found, *_) = check_names((WHEEL | {more} if more else WHEEL) - {less}, ABOUT)
    assert flaw in found


# -- version and changelog ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "version", "tags", "here"),
    [
        (UNRELEASED, "0.2.0", [], []),
        (RELEASED, "0.2.0", ["v0.2.0"], ["v0.2.0"]),
        (OLDER, "0.2.0", ["v0.1.0", "v0.2.0"], []),
        (BOTH, "0.2.0", ["v0.2.0"], []),
        (BOTH, "0.3.0", ["v0.2.0"], []),
    ],
)
def test_complete_changelog_passes(
    text: str, version: str, tags: list[str], here: list[str]
) -> None:
    assert list(check_changelog(text, version, tags, here)) == []


@pytest.mark.parametrize(
    ("text", "version", "tags", "here", "flaw"),
    [
        (RELEASED, "0.3.0", [], [], "a section for 0.3.0"),
        (BOTH, "0.1.0", [], [], "older than 0.2.0"),
        (OLDER, "0.2.0", ["v0.1.0", "v0.1.1"], [], "a section for the tag v0.1.1"),
        (UNRELEASED, "0.2.0", ["v0.2.0"], ["v0.2.0"], "a section for the tag v0.2.0"),
        (BOTH, "0.2.0", ["v0.2.0"], ["v0.2.0"], "Unreleased"),
        (
            OLDER,
            "0.2.0",
            ["v0.1.0"],
            ["v0.1.0"],
            "expected v0.2.0 as in pyproject.toml, got v0.1.0",
        ),
        (RELEASED.replace(" - 2026-12-01", ""), "0.2.0", [], [], "a date for 0.2.0"),
        (RELEASED.replace("- That.\n", ""), "0.2.0", [], [], "entries for 0.2.0"),
        (OLDER.replace("0.1.0", "0.9.0"), "0.9.0", [], [], "newest version first"),
    ],
)
def test_incomplete_changelog_is_rejected(
    text: str, version: str, tags: list[str], here: list[str], flaw: str
) -> None:
    assert flaw in "\n".join(check_changelog(text, version, tags, here))


def test_release_takes_the_unreleased_section() -> None:
    text = add_release_heading(UNRELEASED, "0.2.0", "2026-12-01")
    assert list(check_changelog(text, "0.2.0", ["v0.2.0"], ["v0.2.0"])) == []
    assert text.index("[Unreleased]") < text.index("[0.2.0]") < text.index("- This.")


# -- the public API -----------------------------------------------------------------------------
def test_breaking_changes_are_found(tmp_path: Path) -> None:
    def git(*command: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *command], cwd=tmp_path, check=True, capture_output=True)

    client = tmp_path / "facade" / "vantage6" / "client"
    shutil.copytree(HERE / "facade" / "vantage6" / "client", client)
    (tmp_path / "generated").mkdir()
    (tmp_path / "generated" / "keep").touch()
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    git("tag", "v0.1.0")
    assert list(breaking_changes("v0.1.0", tmp_path, ["vantage6.client"])) == []

    def change(file: str, old: str, new: str) -> None:
        text = (client / file).read_text()
        assert old in text
        (client / file).write_text(text.replace(old, new))

    change("_sync/resources/task.py", "        kwargs: Mapping[str, object] | None = None,\n", "")
    change("_waiting/finished.py", "class Finished", "class Ended")
    change("_rows/results.py", "def by_organization(", "def by_place(")
    change("_async/resources/run.py", "    async def from_task(", "    def from_task(")
    change("_async/resources/node.py", "name: str | None = None,", "name: int | None = None,")
    change("_sync/resources/node.py", "-> NodeWithKey:", "-> Node:")
    change("_sync/resources/study.py", "id_: Ref,", "id_: Ref | None,")
    change(
        "errors.py",
        "ConfigurationError(Vantage6Error, ValueError)",
        "ConfigurationError(Vantage6Error)",
    )
    change("errors.py", "class TLSError(TransportError)", "class TLSError(StatusError)")
    change("_auth/identity.py", "    name: str\n", "    name: str | None\n")
    (client / "_async" / "resources" / "rule.py").unlink()
    found = "\n".join(breaking_changes("v0.1.0", tmp_path, ["vantage6.client"]))
    assert "Tasks.create(kwargs): Parameter was removed" in found
    assert "vantage6.client._async.resources.rule.Rules was removed" in found
    assert "vantage6.client.Finished was removed" in found
    assert "ResultRows.by_organization: Public object was removed" in found
    assert "_async.resources.run.Runs.from_task: async was removed" in found
    assert "Nodes.create(name): Type was changed: str | None -> int | None" in found
    assert "Nodes.create: Type of the result was changed: NodeWithKey -> Node" in found
    assert "Studies" not in found, "what accepts more breaks no one"
    assert "ConfigurationError: Base class was removed: ValueError" in found
    assert "TLSError: Base class was removed: TransportError" in found
    assert "WhoAmI.name: Type was changed: str -> str | None" in found


@pytest.mark.parametrize(
    ("version", "tag", "may"),
    [
        ("0.1.1", "v0.1.0", False),
        ("0.2.0", "v0.1.9", True),
        ("1.3.0", "v1.2.0", False),
        ("2.0.0", "v1.2.0", True),
    ],
)
def test_only_some_versions_may_break(version: str, tag: str, may: bool) -> None:
    assert allows_breaking_changes(version, tag) is may
