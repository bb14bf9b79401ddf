"""Test that files are locked, and replace nothing but regular files."""

import errno
import os
from pathlib import Path

import pytest

from vantage6.client import ConfigurationError
from vantage6.client._storage import files


def test_lock_timeout_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "file"
    with (
        files.file_lock(file),
        pytest.raises(ConfigurationError, match="locked by another process"),
        files.file_lock(file, seconds=0.1),
    ):
        pass
    with files.file_lock(file):  # it is free again
        assert file.parent.is_dir()


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_folder_or_pipe_is_not_replaced(make: object, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / "there")
    with (
        pytest.raises(FileExistsError, match="expected a regular file"),
        files.atomic_write(tmp_path / "there"),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_missing_folder_is_named_in_the_error(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with (
        pytest.raises(FileNotFoundError, match=f"no such folder: '{missing}'"),
        files.atomic_write(missing / "result.json"),
    ):
        pass
    assert not missing.exists()


def test_error_of_a_full_disk_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    file = tmp_path / "result.json"
    file.write_text("old")
    with (
        pytest.raises(OSError, match=f"No space left on device: '{file}'"),
        files.atomic_write(file),
    ):
        pass
    with pytest.raises(OSError, match=r"No space left on device: .*new\.pem'"):
        files.write_new(tmp_path / "new.pem", b"key")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_error_of_a_read_only_folder_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(path: str, *_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system", path)

    monkeypatch.setattr(os, "open", read_only)
    with (
        pytest.raises(OSError, match=f"Read-only file system: '{tmp_path / 'result.json'}'"),
        files.atomic_write(tmp_path / "result.json"),
    ):
        pass


def test_error_about_another_file_is_unchanged(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match="/missing"),
        files.atomic_write(tmp_path / "result.json"),
    ):
        Path("/missing").read_text()


def test_all_created_folders_are_private(tmp_path: Path) -> None:
    with files.file_lock(tmp_path / "first" / "second" / "file"):
        for folder in (tmp_path / "first", tmp_path / "first" / "second"):
            assert folder.stat().st_mode & 0o077 == 0
