"""Test that files are locked, and replace nothing but regular files."""

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


def test_all_created_folders_are_private(tmp_path: Path) -> None:
    with files.file_lock(tmp_path / "first" / "second" / "file"):
        for folder in (tmp_path / "first", tmp_path / "first" / "second"):
            assert folder.stat().st_mode & 0o077 == 0
