"""Blob store for large inputs and results: Azurite, the Azure storage emulator."""

import base64
import re
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

from vantage6.bindings.secret import Secret
from vantage6.localnet import _api
from vantage6.localnet._environment import cache_folder, install_once, run_step
from vantage6.localnet._errors import EnvironmentBuildError, ServerStartError
from vantage6.localnet._processes import PRIVATE_UMASK, clean_environment, open_private

_VERSION = "3.35.0"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_ACCOUNT = "localnet"


class BlobStore:
    """Azurite in a process that ends with this one; blobs are kept in memory."""

    def __init__(self, folder: Path) -> None:
        node, program = _install_emulator()
        self.port = 0  # chosen by the emulator, so that no other account can take it first
        self._key = Secret(base64.b64encode(secrets.token_bytes(64)).decode())
        self._log = folder / "blobs.log"
        supervisor = Path(__file__).with_name("_supervisor.py")
        with open_private(self._log) as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", str(supervisor), str(folder)),
                    *(node, str(program), "--blobHost", _api.HOST, "--blobPort", "0"),
                    *("--inMemoryPersistence", "--silent", "--disableTelemetry"),
                    "--skipApiVersionCheck",  # the server's client library is newer
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=PRIVATE_UMASK,
                cwd=folder,
                env=clean_environment(HOME=str(folder), AZURITE_ACCOUNTS=f"{_ACCOUNT}:{self._key}"),
            )

    @property
    def server_setting(self) -> dict[str, object]:
        """The server's `large_result_store` configuration."""
        fields = {
            "DefaultEndpointsProtocol": "http",
            "AccountName": _ACCOUNT,
            "AccountKey": self._key,
            "BlobEndpoint": f"http://{_api.HOST}:{self.port}/{_ACCOUNT}",
        }
        return {
            "type": "azure",
            "container_name": "localnet",
            "connection_string": Secret(";".join(f"{name}={fields[name]}" for name in fields)),
        }

    def wait_until_ready(self) -> None:
        """Wait until the emulator accepts connections."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if found := re.search(
                rf"listens on http://{_api.HOST}:(\d+)\n", self._log.read_text(errors="replace")
            ):
                self.port = int(found[1])
                return
            time.sleep(0.05)
        tail = self._log.read_text(errors="replace")[-2000:]
        raise ServerStartError(f"blob store: failed to start. End of its log:\n{tail}")

    def stop(self) -> None:
        """Stop the emulator."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(_STOP_SECONDS)


def _install_emulator() -> tuple[str, Path]:
    """Return the paths of Node.js and the emulator, which is installed if necessary."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise EnvironmentBuildError(
            "blob store: expected 'node' and 'npm' on PATH. Install Node.js "
            "('apt install nodejs npm', 'brew install node'), or leave out blob_store."
        )
    home = cache_folder() / f"azurite-{_VERSION}"
    program = home / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"

    def build() -> None:
        home.mkdir()
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(home))
        purpose = f"install azurite {_VERSION}"
        run_step([npm, "install", *options, f"azurite@{_VERSION}"], home, purpose)

    install_once(home, program, build)
    return node, program
