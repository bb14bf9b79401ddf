"""Test the arguments of the local network, and the files that they name."""

import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vantage6.localnet import LocalNetwork, LocalNetworkError
from vantage6.localnet.__main__ import main
from vantage6.localnet._organizations import organization_specs

TABLE = "age,name\n60.5,Zoë\n70.25,Jürgen\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TABLE.encode("latin-1"), "another encoding, such as Latin-1"),
        (TABLE.encode("utf-16"), "UTF-16"),
    ],
)
@pytest.mark.parametrize("name", ["ages.csv", "AGES.TSV", "ages.csv.gz"])
def test_text_that_is_not_utf_8_is_rejected_by_name_and_encoding(
    name: str, content: bytes, encoding: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    with pytest.raises(LocalNetworkError) as error:
        LocalNetwork(databases={"North": file})
    assert str(error.value) == (
        "database 'default' of 'North': expected text in UTF-8, which algorithms read, got "
        f"{encoding} in {file}. Save it as UTF-8."
    )


def test_compressed_file_that_is_not_compressed_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "ages.csv.gz").write_text(TABLE)
    with pytest.raises(LocalNetworkError, match=r"cannot read .*ages\.csv\.gz: Not a gzipped file"):
        LocalNetwork(databases={"North": tmp_path / "ages.csv.gz"})


def test_data_of_each_kind_reaches_algorithms_as_files_that_they_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [60.5, 70.25], "name": ["Zoë", "Jürgen, Jr."]})
    files: dict[str, Any] = {"frame": frame}
    for name, options in {
        "plain.csv": {},
        "marked.csv": {"encoding": "utf-8-sig"},
        "packed.csv.gz": {},
        "tabs.TSV": {"sep": "\t"},
        "packed_tabs.tsv.gz": {"sep": "\t"},
    }.items():
        files[name.partition(".")[0]] = tmp_path / name
        frame.to_csv(tmp_path / name, index=False, **options)
    (spec,) = organization_specs(databases={"North": files})
    (tmp_path / "network").mkdir()
    written = spec.write_databases(tmp_path / "network", "data-1")
    for label, path in written.items():
        pd.testing.assert_frame_equal(pd.read_csv(path), frame, obj=label)
    unchanged = {label for label, path in written.items() if path.parent == tmp_path}
    assert unchanged == {"plain", "marked", "packed"}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "network").iterdir()} == {0o600}


FILE = str(Path(__file__).with_name("ages.csv"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"organizations": True}, "organizations: expected a number or a list of names, got True"),
        ({"organizations": 1.5}, "organizations: expected a number or a list of names, got 1.5"),
        ({"organizations": [1, 2]}, r"organizations: expected .* list of names, got \[1, 2\]"),
        ({"organizations": ["é", "é"]}, "organizations: expected unique, non-empty names"),
        ({"organizations": ["x" * 129]}, "organizations: expected names of at most 128 characters"),
        ({"organizations": [" "]}, "organizations: expected unique, non-empty names"),
        ({"databases": [FILE]}, "databases: expected a mapping of organization names to files"),
        ({"databases": pd.DataFrame()}, "databases: expected a mapping .*, got DataFrame "),
        ({"databases": FILE}, "databases: expected a mapping .*, got str "),
        (
            {"databases": {"A": [FILE]}},
            "database 'default' of 'A': expected a file or a",
        ),
        ({"databases": {"A": None}}, "database 'default' of 'A': .*, got NoneType None"),
        ({"databases": {"A": {}}}, "databases of 'A': expected 1 or more, got none"),
        ({"databases": {"A": {1: FILE}}}, "database 1 of 'A': expected a label of letters"),
        ({"algorithms": "x.py"}, "algorithms: expected a mapping of images to paths, got 'x.py'"),
        (
            {"algorithms": {"x": os}},
            "algorithm 'x': expected an image name, and .*<module",
        ),
        (
            {"databases": {"North": "ages.parquet"}},
            r"database 'default' of 'North': expected one of .*\.sqlite3, got 'ages\.parquet'",
        ),
        ({"algorithms": {"x": len}}, "algorithm 'x': .*, got <built-in function len>"),
        ({"algorithms": {"": FILE}}, "algorithm '': expected an image name"),
        ({"allowed_algorithms": 5}, "allowed_algorithms: expected a list, got 5"),
        (
            {"organizations": ["A"], "allowed_algorithms": {"B": ["x"]}},
            r"allowed_algorithms: expected the names of organizations \(A\), got 'B'",
        ),
        ({"allowed_algorithms": [5]}, "allowed_algorithms: expected regular expressions, got 5"),
        ({"smtp": "localhost"}, r"smtp: expected \(host, port\) or None, got 'localhost'"),
        ({"token_seconds": "60"}, "token_seconds: expected 1 or more, got '60'"),
        ({"version": 5}, "version: expected a version of vantage6 4"),
        ({"port": "7601"}, "port: expected a number from 1 to 65535, got '7601'"),
        ({"port": True}, "port: expected a number from 1 to 65535, got True"),
    ],
)
def test_unexpected_argument_raises_an_error_that_names_it(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(LocalNetworkError, match=f"^{message}"):
        LocalNetwork(**arguments)


def test_command_line_takes_data_and_algorithms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ages.csv").write_text(TABLE)
    (tmp_path / "mine.py").touch()
    started: list[LocalNetwork] = []

    def start(network: LocalNetwork) -> None:
        started.append(network)
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalNetwork, "__enter__", start)
    file = tmp_path / "ages.csv"
    options = ["--database", f"North={file}", "--database", f"North / visits = {file}"]
    options += ["--database", f"South={file}", "--algorithm", f"mine={tmp_path / 'mine.py'}"]
    assert main(["up", *options]) == 0
    (network,) = started
    assert {spec.name: dict(spec.databases) for spec in network._options.organizations} == {
        "North": {"default": file, "visits": file},
        "South": {"default": file},
    }
    assert network._options.algorithms["mine"] == tmp_path / "mine.py"


def test_invalid_pair_on_the_command_line_is_a_usage_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["up", "--database", "ages.csv"])
    assert "expected NAME=PATH, got 'ages.csv'" in capsys.readouterr().err


# -- systems ---------------------------------------------------------------------------------------
def test_windows_is_rejected_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(LocalNetworkError, match=r"expected Linux or macOS, got Windows. Use .*WSL"):
        LocalNetwork()


def test_local_network_can_be_imported_without_posix_modules() -> None:
    program = (
        "import signal, sys\n"
        "sys.modules.update(dict.fromkeys(['fcntl', 'grp', 'pwd', 'resource', 'termios']))\n"
        "import vantage6.localnet.__main__ as command\n"
        "sys.platform = 'win32'\n"
        "sys.exit(command.main(['up']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "expected Linux or macOS, got Windows" in done.stderr
