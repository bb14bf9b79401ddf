"""Test how uv and a Python for version 5 are found, with programs that stand in for both."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from vantage6.localnet import EnvironmentBuildError, _environment, _interpreters
from vantage6.localnet._environment import run_step

# Stands in for a Python: prints a version and its own path, as the probe does.
PYTHON = """#!/bin/sh
echo {version} "$0"
"""
# Stands in for uv: notes what it is asked for, and finds the Python that it has installed.
UV = """#!/bin/sh
echo "$@" >> {log}
case "$1 $2" in
"python find") [ -e {python} ] && echo {python} || {{ echo "error: nothing" >&2; exit 2; }} ;;
"python install") {install} ;;
esac
"""


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


class Version(NamedTuple):
    """The version of this Python."""

    major: int
    minor: int


class Machine:
    """A machine without any Python for version 5 but those that a test adds."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.log = folder / "uv.log"
        self.home = folder / "cache" / "5.0.3"
        self.home.parent.mkdir()
        (folder / "bin").mkdir()
        monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
        monkeypatch.setenv("PYENV_ROOT", str(folder / "pyenv"))
        monkeypatch.setattr(sys, "version_info", Version(3, 11))
        monkeypatch.setattr(_interpreters, "_NEWEST_MINOR", 16)

    def python(self, place: str, version: str) -> Path:
        return program(self.folder / place, PYTHON.format(version=version))

    def uv(self, install: str) -> Path:
        python = self.folder / "managed" / "python3.13"
        text = UV.format(log=self.log, python=python, install=install)
        return program(self.folder / "uv", text)

    def find(self, uv: Path) -> Path:
        return _interpreters.find_python(uv, self.home, run_step)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_python_is_found_on_path(machine: Machine) -> None:
    machine.python("bin/python3.14", "3 14")
    assert machine.find(machine.uv("exit 1")) == machine.folder / "bin" / "python3.14"
    python = machine.python("bin/python3.13", "3 13")
    assert machine.find(machine.uv("exit 1")) == python, "the lowest that is supported"
    assert not machine.log.exists(), "uv is not asked"


def test_broken_and_old_pythons_are_not_used(machine: Machine) -> None:
    program(machine.folder / "bin" / "python3.13", "#!/bin/sh\nexit 127\n")  # a shim of pyenv
    machine.python("bin/python3", "3 12")
    machine.python("pyenv/versions/3.13.0/bin/python", "3 13")
    newest = machine.python("pyenv/versions/3.13.11/bin/python", "3 13")
    machine.python("pyenv/versions/3.12.1/bin/python", "3 12")
    assert machine.find(machine.uv("exit 1")) == newest


def test_uv_installs_python_where_none_is_found(machine: Machine) -> None:
    managed = machine.folder / "managed" / "python3.13"
    template = machine.python("template", "3 13")
    uv = machine.uv(f"mkdir -p {managed.parent}; cp {template} {managed}")
    assert machine.find(uv) == managed
    asked = machine.log.read_text().splitlines()
    assert asked == [
        "python find --no-project --managed-python >=3.13",
        "python install 3.13",
        "python find --no-project --managed-python >=3.13",
    ]
    assert machine.find(uv) == managed, "found the next time"
    assert len(machine.log.read_text().splitlines()) == 4


def test_failed_installation_of_python_says_what_to_install(machine: Machine) -> None:
    uv = machine.uv("echo 'error: Failed to download it: dns error' >&2; exit 2")
    with pytest.raises(EnvironmentBuildError) as raised:
        machine.find(uv)
    message = str(raised.value)
    assert message.startswith("vantage6 5: expected Python 3.13 or later on PATH, in pyenv or in")
    assert "could not install Python 3.13: Failed to download it: dns error." in message
    assert "'pyenv install 3.13'" in message
    assert "\n" not in message


@pytest.mark.parametrize("version", ["4.10.2", "4.15.2", "5.0.3"])
def test_environment_is_built_with_uv(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("VANTAGE6_LOCALNET_CACHE", str(machine.home.parent))
    machine.home.parent.chmod(0o700)
    machine.python("bin/python3.13", "3 13")
    usual = "{}.{}".format(*sys.version_info)
    library = f"python{'3.13' if version == '5.0.3' else usual}"
    create = f"""#!/bin/sh
echo "$@" >> {machine.log}
[ $1 != venv ] || {{ mkdir -p "$5/bin" "$5/lib/{library}"; touch "$5/bin/python"; }}
"""
    program(machine.folder / "bin" / "uv", create)
    python = _environment.environment_python(version)
    venv, install = machine.log.read_text().splitlines()
    base = machine.folder / "bin" / "python3.13" if version == "5.0.3" else sys.executable
    assert venv == f"venv --no-project --python {base} {python.parent.parent}"
    options, packages = f"pip install --python {python}", f" vantage6=={version} "
    if version != "4.10.2":
        pinned = _environment.pinned_requirements(version, library.removeprefix("python"))
        options, packages = f"{options} --no-deps --require-hashes -r", f" {pinned}"
    assert install.startswith(options + packages)
    assert _environment.environment_python(version) == python
    assert len(machine.log.read_text().splitlines()) == 2


def test_missing_uv_is_fetched_by_pip(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VANTAGE6_LOCALNET_CACHE", str(machine.home.parent))
    machine.home.parent.chmod(0o700)
    commands: list[list[str]] = []

    def run(command: list[str], home: Path, purpose: str) -> None:
        commands.append(command)
        program(home / "bin" / "uv", "#!/bin/sh\n")

    monkeypatch.setattr(_environment, "run_step", run)
    monkeypatch.setenv("PATH", str(machine.folder / "bin"))
    uv = _environment.find_uv()
    assert uv == _environment.find_uv()
    assert os.access(uv, os.X_OK)
    assert commands[-1][-2:] == [str(uv.parent.parent), "uv"]
    assert commands[-1][1:4] == ["-m", "pip", "install"]


def test_conflict_of_uv_is_reported_in_one_line(tmp_path: Path) -> None:
    said = "Because there is no version of vantage6-hq==5.0.99\n      and you require it, no.\n"
    fail = [sys.executable, "-c", f"print({said!r}); raise SystemExit(1)"]
    reason = "could not install it: there is no version of vantage6-hq==5.0.99. Full output"
    with pytest.raises(EnvironmentBuildError, match=re.escape(reason)):
        run_step(fail, tmp_path / "home", "install it")


def test_progress_is_shown_while_a_step_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_environment, "_LINE_SECONDS", 0.5)
    run_step([sys.executable, "-c", "import time; time.sleep(2.5)"], tmp_path / "home", "wait")
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "vantage6.localnet: wait: 1 s"
    assert "vantage6.localnet: wait: 2 s" in lines
    run_step([sys.executable, "-c", ""], tmp_path / "home", "wait")
    assert capfd.readouterr().err == "", "nothing about a step that takes no time"


def test_interrupted_step_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def interrupt(process: "subprocess.Popen[bytes]", purpose: str) -> int:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(_environment, "_wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_step([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "h", "wait")
    assert started[0].returncode is not None
