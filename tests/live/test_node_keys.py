"""Test the life of a node's key: created, printed once, used, replaced, deleted."""

import re
from collections.abc import Callable

import pytest

from tests.support.paths import ROOT
from vantage6.client import Client, UnauthorizedError
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

PAGE = (ROOT / "docs" / "cookbook.md").read_text()
SECTION = PAGE.partition("## Nodes and their keys")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)


def test_key_of_a_node_as_the_cookbook_shows_it(
    network: LocalNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    client = network.client("root")
    other = client.collaboration.create("pilot", ["IKNL"])

    def log_in(key: str) -> None:
        client.request("token/node", {"api_key": key}, "post")

    def run(block: str) -> str:
        exec(compile(block, "docs/cookbook.md", "exec"), {"client": client})  # noqa: S102
        return capsys.readouterr().out.strip()

    create, look, replace = BLOCKS
    name, _, key = run(create).rpartition(" ")
    assert name == "IKNL, room 4"
    log_in(key)
    assert run(look) in ("online", "offline", "None")
    reset, delete = replace.strip().splitlines()
    new = run(reset)
    assert new != key
    with pytest.raises(UnauthorizedError):
        log_in(key)
    log_in(new)
    run(delete)
    with pytest.raises(UnauthorizedError):
        log_in(new)
    client.collaboration.delete(other, delete_dependents=True)


@pytest.mark.parametrize("show", [str, "{}".format, "{!s}".format])
def test_printed_row_of_a_new_node_shows_its_key(
    network: LocalNetwork, show: Callable[[object], str]
) -> None:
    client: Client = network.client("root")
    other = client.collaboration.create(f"pilot {show}", ["IKNL"])
    row = client.node.create(other, "IKNL", fields=["id"])
    assert set(row) == {"id", "api_key"}, "the key would be lost"
    assert str(row["api_key"]) in show(row)
    assert str(row["api_key"]) not in repr(row)
    key = client.node.reset_key(row)
    assert key["api_key"] in show(key)
    assert key["api_key"] not in repr(key)
    raw = client.request("recover/node", {"id": row["id"]}, "post")
    assert raw["api_key"] in show(raw)
    client.collaboration.delete(other, delete_dependents=True)
