"""Networks of the command line: start one in the background, list those that run, stop them."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vantage6.localnet._environment import cache_folder
from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._processes import open_private

if TYPE_CHECKING:
    from vantage6.localnet._network import LocalNetwork

_STOP_SECONDS = 120.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class ListedNetwork:
    """A network that `up` started."""

    pid: int
    port: int
    version: str
    address: str
    organizations: int
    encrypted: bool
    folder: str | None

    def __str__(self) -> str:
        """Return a line about it."""
        encryption = "encrypted" if self.encrypted else "not encrypted"
        kept = f", kept in {self.folder}" if self.folder else ""
        noun = "organization" if self.organizations == 1 else "organizations"
        return (
            f"vantage6 {self.version} at {self.address}: {self.organizations} {noun}, "
            f"{encryption}, process {self.pid}{kept}"
        )


@contextlib.contextmanager
def listed(network: "LocalNetwork", folder: Path | None) -> Generator[None]:
    """List a running network until the end of the block."""
    import fcntl  # POSIX only

    entry = ListedNetwork(
        pid=os.getpid(),
        port=network.port,
        version=network.version,
        address=network.url + network.api_path,
        organizations=len(network.organizations),
        encrypted=network.encrypted,
        folder=str(folder) if folder else None,
    )
    path = _folder() / f"{entry.pid}.json"
    new = path.with_suffix(".new")
    with open_private(new) as file:
        # Held until this process ends, for any reason: others tell by it whether it is running.
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(asdict(entry)).encode())
        file.flush()
        new.rename(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def list_networks() -> list[ListedNetwork]:
    """Return the networks that are running."""
    found: list[ListedNetwork] = []
    for path in sorted(_folder().glob("*.json")):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            if _is_held(file):
                found.append(ListedNetwork(**json.load(file)))
            else:
                path.unlink(missing_ok=True)
    return found


def stop_network(port: int | None) -> ListedNetwork:
    """Stop the network at a port, or the only one, and wait until it has ended."""
    running = list_networks()
    chosen = [each for each in running if port in (None, each.port)]
    if len(chosen) != 1:
        known = " or ".join(str(each.port) for each in running) or "a network that is running"
        given = f"got {port}" if port else "got no port" if running else "found none"
        raise LocalNetworkError(f"down: expected {known}, {given}.")
    (network,) = chosen
    os.kill(network.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while network in list_networks():
        if time.monotonic() > deadline:
            raise LocalNetworkError(
                f"down: process {network.pid} has not ended after {_STOP_SECONDS:.0f} s."
            )
        time.sleep(_LOOK_SECONDS)
    return network


def start_in_background(arguments: Sequence[str]) -> int:
    """Run the command line in another process until its network is ready; show what it prints."""
    with tempfile.TemporaryDirectory(prefix="vantage6-localnet-") as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        with open_private(output) as out, open_private(errors) as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "vantage6.localnet", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        try:
            with errors.open() as progress:
                while process.poll() is None and process.pid not in _pids():
                    time.sleep(_LOOK_SECONDS)
                    shutil.copyfileobj(progress, sys.stderr)
                shutil.copyfileobj(progress, sys.stderr)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        (port,) = [each.port for each in list_networks() if each.pid == process.pid] or [0]
        stop = f"Stop: python -m vantage6.localnet down {port}."
        sys.stdout.write(output.read_text().replace("Stop: Ctrl-C.", stop))
    code = process.returncode or 0
    return code if code >= 0 else 128 - code


def _pids() -> list[int]:
    """Return the processes of the networks that are running."""
    return [each.pid for each in list_networks()]


def _folder() -> Path:
    """Return the folder of the files that list running networks."""
    folder = cache_folder() / "running"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _is_held(file: BinaryIO) -> bool:
    """Return whether another process holds the lock of a file."""
    import fcntl  # POSIX only

    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
