"""Test the file of known organizations: its lines, its location, and concurrent writers."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vantage6.client import Client, ConfigurationError, PublicKeyChangedError
from vantage6.client._encryption.keys import fingerprint, generate_private_key, public_key_of
from vantage6.client._encryption.trust import Trust
from vantage6.client._storage.known_keys import HEADER, Pin, parse_known, update_text
from vantage6.client._utils.urls import canonical_url

KEYS = [public_key_of(generate_private_key(2048)) for _ in range(3)]
OWN = 1, KEYS[0]
URL = SERVER = "https://server.example/api"
MAASTRO = Pin("organization", 3, "SHA256:aaa", "Maastro Clinic")
CHANGED = Pin("organization", 3, "SHA256:bbb", "Maastro Clinic")
ENCRYPTED = Pin("collaboration", 1, "encrypted", "demo")


def organization(id_: int, key: str | None) -> Any:
    return {"id": id_, "name": f"organization {id_}", "public_key": key}


def members(*others: Any) -> list[Any]:
    """Return the organizations of a collaboration: one's own, and others."""
    return [organization(*OWN), *others]


# -- lines ---------------------------------------------------------------------------------------
def test_file_has_readable_lines() -> None:
    assert update_text("", SERVER, [MAASTRO, ENCRYPTED]) == (
        f"{HEADER}"
        "https://server.example/api organization 3 SHA256:aaa Maastro Clinic\n"
        "https://server.example/api collaboration 1 encrypted demo\n"
    )


def test_written_lines_are_read_per_server() -> None:
    text = update_text(
        update_text("", "https://other/api", [CHANGED]), SERVER, [MAASTRO, ENCRYPTED]
    )
    assert parse_known(text, SERVER, "file") == [MAASTRO, ENCRYPTED]
    assert parse_known(text, "https://other/api", "file") == [CHANGED]
    assert parse_known(text, "https://third/api", "file") == []


def test_change_replaces_its_line_and_keeps_comments() -> None:
    text = f"# mine\n\n{SERVER} organization 3 SHA256:aaa  maastro clinic\n# the end"
    assert update_text(text, SERVER, [CHANGED]) == (
        f"# mine\n\n{SERVER} organization 3 SHA256:bbb maastro clinic\n# the end\n"
    )
    assert update_text(text, SERVER, [MAASTRO]) == f"{text}\n"


def test_new_name_is_added_and_the_earlier_ones_stay_known() -> None:
    text = update_text("", SERVER, [MAASTRO, ENCRYPTED])
    renamed = replace(CHANGED, name="Maastricht")
    text = update_text(text, SERVER, [renamed])
    assert parse_known(text, SERVER, "file") == [CHANGED, ENCRYPTED, renamed]
    assert update_text(text, SERVER, [renamed]) == text


def test_name_cannot_inject_a_line() -> None:
    evil = Pin("organization", 4, "SHA256:x", f"A\n{SERVER} organization 3 SHA256:evil\x1b[2J")
    assert parse_known(update_text("", SERVER, [evil]), SERVER, "file") == [evil]


def test_organization_without_name_is_kept() -> None:
    nameless = Pin("organization", 4, "SHA256:x", "")
    assert parse_known(update_text("", SERVER, [nameless]), SERVER, "file") == [nameless]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "SERVER organization ID"),
        (f"{SERVER} organization three SHA256:aaa x", "SERVER organization ID"),
        (f"{SERVER} organization 3 md5:aaa x", "SERVER organization ID SHA256"),
        (f"{SERVER} collaboration 1 perhaps demo", "encrypted"),
        (f"{SERVER} study 1 encrypted demo", "SERVER organization ID"),
        (
            f"{SERVER} organization 3 SHA256:aaa\n{SERVER} organization 3 SHA256:bbb",
            "different value",
        ),
    ],
)
def test_malformed_line_is_rejected(line: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        parse_known(f"# comment\n{line}\n", SERVER, "the-file")
    assert "the-file, line " in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://Server.Example:443/api", SERVER),
        ("https://server.example/api", SERVER),
        ("http://server.example:80/api", "http://server.example/api"),
        ("https://server.example:8443", "https://server.example:8443"),
        ("https://[::1]:7601/my api", "https://[::1]:7601/my%20api"),
    ],
)
def test_server_name_is_normalized(url: str, name: str) -> None:
    assert canonical_url(url) == name


# -- the file ------------------------------------------------------------------------------------
def test_known_keys_are_saved_per_server(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "known"
    Trust(URL, "first-use", path).check_keys([2], members(organization(2, KEYS[1])), OWN)
    assert fingerprint(KEYS[1]) in path.read_text()
    changed = members(organization(2, KEYS[2]))
    with pytest.raises(PublicKeyChangedError) as caught:
        Trust(URL, "first-use", path).check_keys([2], changed, OWN)
    assert (caught.value.known, caught.value.server) == tuple(map(fingerprint, KEYS[1:]))
    Trust("https://other.example/api", "first-use", path).check_keys([2], changed, OWN)
    Trust(URL, "off", path).check_keys([2], changed, OWN)


def test_changed_key_saves_nothing_else(tmp_path: Path) -> None:
    trust = Trust(URL, "first-use", tmp_path / "known")
    trust.check_keys([2], members(organization(2, KEYS[1])), OWN)
    before = trust.path.read_text()
    changed = members(organization(3, KEYS[1]), organization(2, KEYS[2]))
    with pytest.raises(PublicKeyChangedError, match="organization 2"):
        trust.check_keys([3, 2], changed, OWN)
    assert trust.path.read_text() == before


def test_only_requested_and_own_organizations_are_checked(tmp_path: Path) -> None:
    trust = Trust(URL, "first-use", tmp_path / "known")
    others = organization(2, KEYS[1]), organization(3, "nonsense")
    trust.check_keys([2], members(*others), OWN)
    assert trust.path.read_text().count("SHA256:") == 2, "the requested and the own"
    with pytest.raises(PublicKeyChangedError, match="your own organization 1"):
        trust.check_keys([2], [organization(1, KEYS[2]), *others], OWN)


def test_file_location_by_argument_then_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_KNOWN_ORGANIZATIONS", str(tmp_path / "environment"))
    assert Trust(URL, "off", tmp_path / "argument").path == tmp_path / "argument"
    assert Trust(URL, "off", None).path == tmp_path / "environment"
    monkeypatch.delenv("VANTAGE6_KNOWN_ORGANIZATIONS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert Trust(URL, "off", None).path.name == "known_organizations"


def test_key_that_cannot_be_saved_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    trust = Trust(URL, "first-use", tmp_path / "file" / "known")
    with pytest.raises(ConfigurationError, match="known_organizations"):
        trust.check_keys([2], members(organization(2, KEYS[1])), OWN)


def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "known").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Trust(URL, "strict", tmp_path / "known").check_keys(
            [2], members(organization(2, KEYS[1])), OWN
        )


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "known"
    code = (
        "import sys; from pathlib import Path; from vantage6.client._encryption.trust import "
        "Trust\ntrust = Trust(sys.argv[1], 'first-use', Path(sys.argv[2]))\n"
        "for id_ in range(20):\n"
        "    trust.accept_encryption({'id': id_, 'name': 'x', 'encrypted': True})\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, "https://other.example/api", str(path)])
    with ThreadPoolExecutor(4) as pool:
        for id_ in range(2, 22):
            trust = Trust(URL, "first-use", path)
            pool.submit(trust.check_keys, [id_], members(organization(id_, KEYS[1])), OWN)
    assert other.wait(60) == 0
    lines = path.read_text().splitlines()
    assert sum(line.startswith(f"{URL} organization") for line in lines) == 21
    assert sum(line.startswith("https://other.example/api coll") for line in lines) == 20
    assert [file.name for file in tmp_path.iterdir() if "known" not in file.name] == []


def test_link_to_the_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "known")
    trust = Trust(URL, "first-use", tmp_path / "link")
    trust.check_keys([2], members(organization(2, KEYS[1])), OWN)
    assert (tmp_path / "link").is_symlink()
    assert "SHA256:" in (tmp_path / "known").read_text()


def test_trust_has_three_settings() -> None:
    with pytest.raises(ConfigurationError, match="'first-use', 'strict', 'off'"):
        Client("http://localhost", 1, trust="always")  # type: ignore[arg-type]
