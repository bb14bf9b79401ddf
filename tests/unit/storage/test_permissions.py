"""Test that files that decide on trust are refused, or warned of, if others can change them."""

import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import CertificateAuthority
from tests.support.scripted_server import token
from vantage6.client import ConfigurationError, profiles
from vantage6.client._auth.saved_login import StoredLogin, read_login
from vantage6.client._encryption.key_files import read_private_key
from vantage6.client._encryption.trust import Trust
from vantage6.client._http.route import Route
from vantage6.client._http.tls import ssl_context
from vantage6.client._storage import files, permissions

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")

URL = "https://server.example/api"
LOGIN = StoredLogin(URL, "ada", token(time.time(), time.time() + 9), "refresh", 0.0, None)
ROOT_ONLY = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Create a folder of one's own."""
    made = tmp_path / "folder"
    made.mkdir(mode=0o700)
    return made


def known_organizations(folder: Path, _: pytest.MonkeyPatch) -> tuple[Path, Callable[[], object]]:
    file = folder / "known"
    file.write_text(f"{URL} organization 3 SHA256:x Maastro\n")
    row: Any = {"id": 1, "name": "demo", "encrypted": True}
    return file, lambda: Trust(URL, "first-use", file).allows_plain(row, has_key=True)


def profile_file(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Path, Callable[[], object]]:
    file = folder / "profiles.ini"
    file.write_text(f"[demo]\nserver = {URL}\nverify = false\n")
    patch.setenv("VANTAGE6_PROFILES", str(file))
    return file, profiles


def private_key(folder: Path, _: pytest.MonkeyPatch) -> tuple[Path, Callable[[], object]]:
    file = folder / "key.pem"
    file.write_text("key")
    return file, lambda: read_private_key(file)


def saved_login(folder: Path, _: pytest.MonkeyPatch) -> tuple[Path, Callable[[], object]]:
    file = folder / "login.json"
    file.write_bytes(LOGIN.written())
    return file, lambda: read_login(file)


def certificate(folder: Path, _: pytest.MonkeyPatch) -> tuple[Path, Callable[[], object]]:
    file = CertificateAuthority(folder).file
    return file, lambda: ssl_context(URL, Route(verify=file))


def certificate_folder(folder: Path, _: pytest.MonkeyPatch) -> tuple[Path, Callable[[], object]]:
    made = folder / "authorities"
    made.mkdir()
    return made, lambda: ssl_context(URL, Route(verify=made))


def client_certificate(folder: Path, _: pytest.MonkeyPatch) -> tuple[Path, Callable[[], object]]:
    crt, key = CertificateAuthority(folder).issue("me")
    return key, lambda: ssl_context(URL, Route(verify=True, cert=(crt, key)))


KINDS = [
    known_organizations,
    profile_file,
    private_key,
    saved_login,
    certificate,
    certificate_folder,
    client_certificate,
]


@pytest.mark.posix
@pytest.mark.parametrize("kind", KINDS)
def test_file_that_anyone_can_change_is_refused(
    kind: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, read = kind(folder, monkeypatch)
    file.chmod(0o700 if file.is_dir() else 0o600)
    read()
    mode = 0o1702 if file.is_dir() else 0o602
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=rf"{mode:04o} for {file}.*chmod go-w on {file}"):
        read()
    file.chmod(0o700 if file.is_dir() else 0o600)
    folder.chmod(0o707)
    with pytest.raises(ConfigurationError, match=rf"0707 for {folder}.*chmod go-w"):
        read()
    folder.chmod(0o1777)  # as /tmp: others cannot replace the file
    read()


@pytest.mark.posix
@pytest.mark.parametrize("kind", KINDS)
def test_file_that_a_group_can_change_warns(
    kind: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, read = kind(folder, monkeypatch)
    monkeypatch.setattr(permissions, "_is_private_group", lambda _: False)
    file.chmod(0o720 if file.is_dir() else 0o620)
    with (
        pytest.raises(ConfigurationError, match=r"got 0620\. .*chmod 600")
        if kind is saved_login  # the group can read it, too
        else pytest.warns(UserWarning, match="got 0[67]20")
    ):
        read()
    file.chmod(0o700 if file.is_dir() else 0o600)
    folder.chmod(0o770)
    with pytest.warns(UserWarning, match=rf"got 0770 for {folder}.*chmod g-w"):
        read()
    monkeypatch.setattr(permissions, "_is_private_group", lambda _: True)
    read()


@pytest.mark.posix
@ROOT_ONLY
@pytest.mark.parametrize("kind", KINDS)
def test_file_of_another_user_warns(
    kind: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, read = kind(folder, monkeypatch)
    file.chmod(0o700 if file.is_dir() else 0o600)
    os.chown(folder, 12345, -1)
    with pytest.warns(UserWarning, match=rf"{folder} to be yours, got the user id 12345"):
        read()
    os.chown(folder, 0, -1)
    os.chown(file, 12345, -1)
    if kind is saved_login:
        with pytest.raises(ConfigurationError, match="not a regular file that you own"):
            read()
        return
    with pytest.warns(UserWarning, match=rf"{file} to be yours, got the user id 12345"):
        read()


@pytest.mark.posix
@pytest.mark.parametrize("kind", [known_organizations, profile_file, private_key, certificate])
def test_folder_of_a_link_and_of_its_target_are_checked(
    kind: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, read = kind(folder, monkeypatch)
    file.chmod(0o600)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    file.symlink_to(file.rename(elsewhere / "target"))
    read()
    for place in (elsewhere, folder):
        place.chmod(0o707)
        with pytest.raises(ConfigurationError, match=f"0707 for {place}"):
            read()
        place.chmod(0o700)


@pytest.mark.posix
@pytest.mark.parametrize("kind", [known_organizations, profile_file])
def test_missing_file_in_a_folder_of_everyone_is_refused(
    kind: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, read = kind(folder, monkeypatch)
    file.unlink()
    read()
    file.unlink(missing_ok=True)
    folder.chmod(0o777)
    with pytest.raises(ConfigurationError, match="0777"):
        read()


def test_new_folders_are_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with files.file_lock(tmp_path / "new" / "known"):
            assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(old)


@pytest.mark.posix
@pytest.mark.parametrize(
    ("name", "members", "is_private"),
    [("ada", [], True), ("ada", ["ada"], True), ("ada", ["joan"], False), ("users", [], False)],
)
def test_group_of_one_user_alone_is_private(
    name: str, members: list[str], is_private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import grp
    import pwd

    monkeypatch.setattr(grp, "getgrgid", lambda _: grp.struct_group((name, "x", 7, members)))
    user = pwd.struct_passwd(("ada", "x", 7, 7, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: user)
    assert permissions._is_private_group(7) is is_private  # pyright: ignore[reportPrivateUsage]

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert not permissions._is_private_group(7)  # pyright: ignore[reportPrivateUsage]


def test_private_files_cause_no_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind in KINDS:
            file, read = kind(folder, monkeypatch)
            file.chmod(0o700 if file.is_dir() else 0o600)
            read()


@pytest.mark.posix
def test_certificates_of_a_folder_and_of_the_client_are_checked(folder: Path) -> None:
    authorities = folder / "authorities"
    authorities.mkdir()
    authority = authorities / "authority.pem"
    authority.touch()
    authority.chmod(0o666)
    with pytest.raises(ConfigurationError, match=rf"0666 for {authority}"):
        ssl_context(URL, Route(verify=authorities))
    crt, key = CertificateAuthority(folder).issue("me")
    Path(crt).chmod(0o666)
    with pytest.raises(ConfigurationError, match=rf"0666 for {crt}"):
        ssl_context(URL, Route(cert=(crt, key)))
