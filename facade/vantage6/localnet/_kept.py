"""What a network in a folder of its own keeps over restarts, beside the data of its services."""

import contextlib
import json
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from vantage6.bindings.secret import Secret, SecretBytes
from vantage6.client._storage.files import atomic_write
from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._processes import open_private

_FILE, _LOCK = "kept.json", "kept.lock"
_OPTIONS = "options"
_FILLED = "seed"


def keep(folder: Path, name: str, make: Callable[[], Any]) -> Any:
    """Return a value of the network in a folder; the first time, make it and write it down."""
    values = _read(folder)
    if name not in values:
        values[name] = make()
        with atomic_write(folder / _FILE) as file:
            file.write(SecretBytes(json.dumps(values, default=str).encode()))
    return values[name]


def keep_secret(folder: Path, name: str, make: Callable[[], str]) -> Secret:
    """Return a secret of the network in a folder."""
    return Secret(keep(folder, name, make))


def with_secret(row: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a row that was kept, with its secret masked again."""
    return {**row, name: Secret(row[name])}


def find_kept(folder: Path, name: str) -> Any:
    """Return a value of the network in a folder, or None."""
    return _read(folder).get(name)


def is_kept(folder: Path) -> bool:
    """Return whether a folder stays when its network stops."""
    return _OPTIONS in _read(folder)


def is_filled(folder: Path) -> bool:
    """Return whether the network in a folder has its users, organizations and nodes."""
    return _FILLED in _read(folder)


@contextlib.contextmanager
def kept_folder(folder: Path, options: Mapping[str, object]) -> Generator[None]:
    """Hold a folder for a network with these options, the same each time."""
    import fcntl  # POSIX only

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / _FILE).exists() and any(each.name != _LOCK for each in folder.iterdir()):
            raise LocalNetworkError(
                f"folder: expected an empty folder or that of a local network, got {folder}."
            )
        folder.chmod(0o700)
        lock = open_private(folder / _LOCK)
    except OSError as error:
        raise LocalNetworkError(f"folder: cannot use {folder}: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalNetworkError(
                f"folder: expected a network that is stopped; that in {folder} is running."
            ) from None
        kept = keep(folder, _OPTIONS, lambda: options)
        for name, value in options.items():
            if kept.get(name) != value:
                raise LocalNetworkError(
                    f"{name}: expected {kept.get(name)!r}, with which the network in {folder} was "
                    f"created, got {value!r}. Choose another folder."
                )
        if any(name.endswith("_port") for name in _read(folder)) and not is_filled(folder):
            raise LocalNetworkError(
                f"folder: the first start of the network in {folder} was interrupted. Delete it, "
                "or choose another folder."
            )
        yield


def _read(folder: Path) -> dict[str, Any]:
    """Return all values of the network in a folder."""
    path = folder / _FILE
    return json.loads(path.read_text()) if path.exists() else {}
