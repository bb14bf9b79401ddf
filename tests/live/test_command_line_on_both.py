"""Test the administration of `v6c` on both generations, and sessions and data frames at HQ."""

import csv
import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.doc_pages import blocks
from vantage6.localnet import LocalNetwork
from vantage6.v6c import _completers, _connection
from vantage6.v6c._main import run

pytestmark = pytest.mark.live

AVERAGE = "harbor2.vantage6.ai/demo/average"
# Runs a command, and returns its JSON document; otherwise what it prints.
V6C = Callable[..., Any]


@pytest.fixture(params=["network", "hq_network"])
def any_generation(request: pytest.FixtureRequest) -> LocalNetwork:
    return request.getfixturevalue(request.param)


def shell(
    network: LocalNetwork,
    user: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> V6C:
    """Log a user in by the environment, and return what runs a command as this user."""
    who = network.users[user]
    login = {"VANTAGE6_USERNAME": who.username, "VANTAGE6_PASSWORD": who.password}
    for name, value in (network.client_variables() | login).items():
        monkeypatch.setenv(name, value)

    def v6c(line: str, *, as_json: bool = True) -> Any:
        words = [*shlex.split(line), *(["--json"] if as_json else [])]
        code = run(words)
        printed = capsys.readouterr()
        assert code == 0, (line, printed)
        return json.loads(printed.out) if as_json else printed.out

    return v6c


def commands_of_page(section: str) -> list[str]:
    """Return the commands of a section of docs/cli.md, without the name of the program."""
    code = [block.code for block in blocks("docs/cli.md") if block.section == section]
    lines = "".join(code).replace("\\\n", "").splitlines()
    return [line.removeprefix("v6c ") for line in lines]


def test_administration(
    any_generation: LocalNetwork,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    v6c = shell(any_generation, "root", monkeypatch, capsys)
    for line in commands_of_page("Administration"):
        v6c(line, as_json=False)
    v6c("org create Isala --country NL")
    assert v6c("org update Isala --domain isala.example")["domain"] == "isala.example"
    made = v6c("collab create lung Isala IKNL", as_json=False)
    assert "created collaboration" in made
    assert "'lung'" in made
    renamed = v6c("collab update lung --name lungs")
    assert (renamed["name"], renamed["encrypted"]) == ("lungs", False)
    added = v6c("collab add-organization lungs Maastro", as_json=False)
    assert added.startswith("organizations of the collaboration: ")
    assert sorted(added.strip().partition(": ")[2].split(", ")) == ["IKNL", "Isala", "Maastro"]

    v6c("study create -c lungs adults Isala IKNL")
    assert len(v6c("study add-organization adults Maastro")) == 3
    assert len(v6c("study remove-organization adults IKNL")) == 2
    assert v6c("study update adults --name elderly")["name"] == "elderly"

    key = v6c("node create -c lungs -o Isala room-4", as_json=False)
    assert key.splitlines()[-1].split()[0] == "api_key"
    new = v6c("node reset-key room-4")["api_key"]
    assert new not in key
    assert v6c("node update room-4 --name room-5")["name"] == "room-5"
    v6c("node delete room-5")

    rule, other = [row["id"] for row in v6c("rule list --role Researcher --limit 2")]
    v6c(f"role create reader --description 'may read' --rule {rule} -o IKNL")
    v6c(f"role update reader --name readers --rule {rule} --rule {other}")
    assert len(v6c("rule list --role readers")) == 2

    monkeypatch.setattr("sys.stdin.readline", lambda: "Secret-Enough-12\n", raising=False)
    person = "--firstname A --lastname B --email a@example.org"
    person = person if any_generation.auth_url is None else ""
    v6c(f"user create ada {person} -o IKNL --role readers --password-stdin")
    changed = v6c("user update ada --role Researcher")
    assert changed["username"] == "ada"
    assert "ada" in [row["username"] for row in v6c("user list --organization IKNL")]
    gone = ("user delete ada", "role delete readers", "study delete elderly")
    for line in (*gone, "collab delete lungs --delete-dependents", "org delete Isala"):
        v6c(line)


def test_sessions_and_data_frames(
    hq_network: LocalNetwork,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    v6c = shell(hq_network, "researcher", monkeypatch, capsys)
    *of_session, extracting = commands_of_page("Sessions and data frames")
    shown = {line: v6c(line, as_json=False) for line in of_session}
    assert shown["session tree survival"].splitlines()[-1].split()[:2] == ["└──", "patients"]
    step = f"--image {AVERAGE} --method"
    assert v6c("session create by-shell --scope own -c demo")["scope"] == "own"
    assert v6c("session update by-shell --name in-shell")["name"] == "in-shell"
    frame = v6c(f"dataframe create default {step} read_csv --session in-shell --name adults")
    assert v6c("dataframe wait adults --timeout 120", as_json=False).endswith(": ready\n")
    kept = "--kwarg column_name=age --kwarg low=50 --kwarg high=70"
    changed = v6c(f"dataframe preprocess adults {step} keep_between {kept} --wait", as_json=False)
    assert changed == f"data frame {frame['id']}, 'adults': ready\n"
    assert [row["name"] for row in v6c("dataframe list --session in-shell")] == ["adults"]
    assert v6c("dataframe show adults")["ready"]
    table = v6c("dataframe columns adults", as_json=False).splitlines()
    assert table[0].split() == ["column", "at", "IKNL", "at", "Maastro", "at", "Radboudumc", "note"]
    assert any(line.split()[:4] == ["age", "int64", "int64", "int64"] for line in table)

    task = f"task create -o IKNL {step} partial_average --kwarg column_name=age"
    task += " --action federated_compute --session in-shell --wait"
    (by_frame,) = v6c(f"{task} --database adults")
    (extracted,) = v6c(f"{task} --extract default=read_csv")
    with hq_network.organizations[0].data.open(newline="") as file:
        ages = [float(row["age"]) for row in csv.DictReader(file)]
    some = [age for age in ages if 50 <= age <= 70]
    assert by_frame["output"] == {"sum": sum(some), "count": len(some)}
    assert extracted["output"] == {"sum": sum(ages), "count": len(ages)}

    tree = v6c("session tree in-shell", as_json=False)
    assert "in-shell" in tree
    assert "adults" in tree
    (session,) = v6c("session tree in-shell")
    assert "adults" in [row["name"] for row in session["dataframes"]]
    assert "keep_between" in v6c("session tasks in-shell", as_json=False)
    assert len(v6c("session tasks in-shell")) == 5
    options = _connection.ConnectionOptions()
    monkeypatch.setattr(_completers, "connect_without_prompt", _connection.connect)
    assert _completers._list_names("session", options, "in-") == ["in-shell"]
    assert "adults" in _completers._list_names("dataframe", options, "ad")
    v6c("dataframe delete adults")
    assert run(["session", "delete", "in-shell"]) == 6
    capsys.readouterr()
    v6c("session delete in-shell --delete-dependents")
    before = {row["id"] for row in v6c("session list")}  # other tests have left some
    assert v6c(extracting, as_json=False).startswith("IKNL  {")
    (made,) = {row["id"] for row in v6c("session list")} - before
    deleted = v6c("session delete-automatic")
    assert {row["name"][:13] for row in deleted} == {"vantage6-sdk-"}
    assert made in [row["id"] for row in deleted]
    assert made not in [row["id"] for row in v6c("session list")]


def test_extraction_is_a_label_on_version_4(
    network: LocalNetwork, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    v6c = shell(network, "researcher", monkeypatch, capsys)
    task = f"task create -o IKNL --image {AVERAGE} --method partial_average --kwarg column_name=age"
    (row,) = v6c(f"{task} --extract default=read_csv --wait")
    assert row["output"]["count"] > 0
    assert run(["session", "list"]) == 7
    assert "session" in capsys.readouterr().err


def test_timeline(
    any_generation: LocalNetwork,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    v6c = shell(any_generation, "researcher", monkeypatch, capsys)
    task = f"task create -o Maastro --image {AVERAGE} --method central_average --name central"
    task += " --kwarg column_name=age --extract default=read_csv --action central_compute --wait"
    (row,) = v6c(task)
    id_ = row["task"]
    timeline = v6c(f"task show {id_} --timeline")
    root, subtask = timeline["tasks"]
    assert (root["task_id"], root["depth"], subtask["depth"]) == (id_, 0, 1)
    assert [run["organization"] for run in root["runs"]] == ["Maastro"]
    names = [each.name for each in any_generation.organizations]
    assert [run["organization"] for run in subtask["runs"]] == names
    for each in (root, subtask):
        for run_ in each["runs"]:
            assert run_["status"] == "completed"
            times = each["created"], run_["started"], run_["finished"], timeline["server_time"] + 1
            assert sorted(times) == [*times], "in order, by the clock of the server"
    assert root["created"] < subtask["created"]
    lines = v6c(f"task show {id_} --timeline", as_json=False).splitlines()
    assert lines[0].startswith(f"central (task {id_}): 1 of 1 done, since 20")
    assert [line.split()[0] for line in lines[2:]] == ["Maastro", *lines[3].split()[:1], *names]
    assert all("\N{FULL BLOCK}" in line for line in lines if line.split()[0] in names)
