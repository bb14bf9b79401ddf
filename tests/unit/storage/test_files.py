"""Test that files are locked, and replace nothing but regular files."""

import copy
import errno
import os
import pickle
from pathlib import Path

import pytest

from vantage6.client import (
    ConfigurationError,
    FileAccessError,
    InvalidInputError,
    MissingFileError,
)
from vantage6.client._encryption.key_files import write_private_key
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
        pytest.raises(MissingFileError, match=f"{missing}: no such folder") as caught,
        files.atomic_write(missing / "result.json"),
    ):
        pass
    assert not missing.exists()
    error = caught.value
    assert isinstance(error, FileNotFoundError)
    for same in (error, pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert (same.errno, same.strerror) == (errno.ENOENT, "no such folder")
        assert (same.filename, str(same)) == (str(missing), f"{missing}: no such folder")


def test_full_disk_is_an_error_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    path = tmp_path / "result.json"
    with (
        pytest.raises(FileAccessError, match=f"{path}: No space left") as caught,
        files.atomic_write(path) as file,
    ):
        file.write(b"{}")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    with pytest.raises(FileAccessError, match=f"private key {path}: No space left"):
        write_private_key(path, b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["", " ", "a\0b", b"bytes", 5, None, ["a"]])
def test_value_that_is_no_path_is_an_error(value: object) -> None:
    with pytest.raises(InvalidInputError, match=r"^file: expected a path, got "):
        files.file_path(value, "file")


def test_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert files.file_path("~/key.pem", "file") == Path("/home/ada/key.pem")


def test_error_of_a_read_only_folder_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(path: str, *_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system", path)

    monkeypatch.setattr(os, "open", read_only)
    with (
        pytest.raises(OSError, match=f"{tmp_path / 'result.json'}: Read-only file system"),
        files.atomic_write(tmp_path / "result.json"),
    ):
        pass


def test_all_created_folders_are_private(tmp_path: Path) -> None:
    with files.file_lock(tmp_path / "first" / "second" / "file"):
        for folder in (tmp_path / "first", tmp_path / "first" / "second"):
            assert folder.stat().st_mode & 0o077 == 0
