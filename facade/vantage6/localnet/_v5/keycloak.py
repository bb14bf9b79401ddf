"""A real Keycloak in place of the stand-in, from a folder or from Maven Central."""

import json
import os
import re
import secrets
import shutil
import subprocess
import zipfile
from pathlib import Path

from vantage6.localnet import _api
from vantage6.localnet._environment import cache_folder, install_once, run_step
from vantage6.localnet._errors import EnvironmentBuildError, LocalNetworkError
from vantage6.localnet._processes import write_private
from vantage6.localnet._v5.realm import REALM, Lifetimes
from vantage6.localnet._v5.services import IdentityProvider

# The newest release that starts on Java 17.
_VERSION = "26.7.3"
_RECIPE = "3"
_MINIMUM_JAVA = 17
_COORDINATES = f"org.keycloak:keycloak-quarkus-dist:{_VERSION}:zip"
# Settings that are built into a distribution, so that it starts in seconds.
_BUILD_OPTIONS = ("--db=dev-file", "--health-enabled=false")
# No cluster: it would listen on other interfaces.
_LOCAL = "--cache=local"
# Creates the tables of the database, of which each network gets a copy.
_FIRST_REALM = json.dumps({"realm": "first", "enabled": False})


def find_keycloak(given: Path) -> Path:
    """Return the folder of a Keycloak that can start: a copy of one given, or a download."""
    _check_java()
    if str(given) != "." and not (given / "bin" / "kc.sh").is_file():
        raise LocalNetworkError(f"keycloak: expected a folder with bin/kc.sh, got {given}.")
    name = _VERSION if str(given) == "." else re.sub(r"\W", "-", str(given.resolve()))
    home = cache_folder() / f"keycloak-{name}-{_RECIPE}"
    program = home / "bin" / "kc.sh"

    def build() -> None:
        if str(given) == ".":
            _download(home)
        else:
            shutil.copytree(given, home, ignore=shutil.ignore_patterns("data"))
        run_step([str(program), "build", *_BUILD_OPTIONS], home, "build Keycloak")
        first = home / "first-realm.json"
        first.write_text(_FIRST_REALM)
        fill = [str(program), "import", "--optimized", _LOCAL, f"--file={first}"]
        # Without an administrator, the welcome page lets any account of this machine become one.
        password = {"KC_BOOTSTRAP_ADMIN_PASSWORD": secrets.token_urlsafe(24)}
        run_step(fill, home, "create the database of Keycloak", **password)

    install_once(home, program, build)
    return home


def _check_java() -> None:
    """Raise an error unless there is a Java that Keycloak runs on."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home, "bin")) if home else None)
    hint = f"Keycloak: expected Java {_MINIMUM_JAVA} or later on PATH or in JAVA_HOME,"
    if java is None:
        raise EnvironmentBuildError(f"{hint} found none. Install it ('apt install default-jre').")
    printed = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60).stderr
    found = re.search(r'version "(\d+)', printed)
    if found is None or int(found[1]) < _MINIMUM_JAVA:
        raise EnvironmentBuildError(f"{hint} got {printed.splitlines()[0]!r}.")


def _download(home: Path) -> None:
    """Download a distribution from Maven Central, and unpack it."""
    maven = shutil.which("mvn")
    if maven is None:
        raise EnvironmentBuildError(
            "Keycloak: expected Maven ('mvn') on PATH to download it, found none. Install it "
            "('apt install maven'), or name the folder of a distribution."
        )
    home.mkdir()
    options = ("-q", "-B", "dependency:copy", f"-Dartifact={_COORDINATES}")
    command = [maven, *options, f"-DoutputDirectory={home}"]
    run_step(command, home, f"download Keycloak {_VERSION}")
    (archive,) = home.glob("*.zip")
    with zipfile.ZipFile(archive) as file:
        file.extractall(home)
    archive.unlink()
    (folder,) = home.glob("keycloak-*")
    for path in folder.iterdir():
        path.rename(home / path.name)
    folder.rmdir()
    (home / "bin" / "kc.sh").chmod(0o755)


class Keycloak(IdentityProvider):
    """A real Keycloak, with the same realm as the stand-in."""

    start_seconds = 600.0  # on a busy machine

    def __init__(self, home: Path, folder: Path, lifetimes: Lifetimes) -> None:
        super().__init__(folder, lifetimes)
        # The distribution is shared: a network has its own data only.
        self._home = folder / "keycloak"
        if self._home.exists():  # kept over a restart
            return
        (self._home / "bin").mkdir(parents=True)
        shutil.copy(home / "bin" / "kc.sh", self._home / "bin")
        for name in ("conf", "lib", "providers", "themes"):
            (self._home / name).symlink_to(home / name)
        shutil.copytree(home / "data", self._home / "data")
        imported = self._home / "data" / "import"
        imported.mkdir(parents=True, exist_ok=True)
        write_private(imported / f"{REALM}-realm.json", self._realm().encode())

    def _configuration(self, folder: Path) -> dict[str, object]:
        """Return nothing: all settings are options."""
        return {}

    def _variables(self) -> dict[str, str]:
        """Return the environment variables of Java."""
        names = ("JAVA_HOME",)
        chosen = {name: os.environ[name] for name in names if name in os.environ}
        return {**chosen, "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m"}

    def _command(self) -> list[str]:
        """Return the command of Keycloak."""
        return [
            str(self._home / "bin" / "kc.sh"),
            "start",
            "--optimized",
            _LOCAL,
            "--import-realm",
            "--http-enabled=true",
            "--hostname-strict=false",
            f"--http-host={_api.HOST}",
            f"--http-port={self.port}",
        ]

    def start(self) -> None:
        """Start the process on the port, which Java cannot share."""
        self._port_holder.close()
        super().start()
