"""Test that the blocks of pages about plans, failures and waiting run at HQ as the pages say."""

import doctest
from collections.abc import Iterable
from typing import Any

import pytest

from tests.support.doc_pages import Block, blocks
from tests.support.policies import refusing
from tests.support.question import QUESTION
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", ["docs/planning.md", "docs/failed.md"])
def test_page_runs_at_hq(
    hq_network: LocalNetwork, capsys: pytest.CaptureFixture[str], page: str
) -> None:
    with refusing(hq_network, 3, "localnet/slow"), hq_network.client() as client:
        run(blocks(page), {"client": client}, capsys)


def test_waiting_for_enough_runs_at_hq(
    hq_network: LocalNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    sections = ("Enough results", "Asking those that failed again", "Being told", "Watching")
    shown = [block for block in blocks("docs/waiting.md") if block.section in sections]
    assert {block.section for block in shown} == {*sections}
    with hq_network.client() as client:
        task = client.task.create(["IKNL", "Maastro"], collaboration="demo", **QUESTION)
        run(shown, {"client": client, "task": task}, capsys)


def run(shown: Iterable[Block], found: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Run blocks of Python one after the other, and compare what they print."""
    section = ""
    for block in shown:
        if block.section != section:
            section = block.section
            capsys.readouterr()
        if block.kind == "python":
            exec(compile(block.code, block.place, "exec"), found)  # noqa: S102 - the page itself
        elif block.kind == "text":
            printed = capsys.readouterr().out
            matches = doctest.OutputChecker().check_output(block.code, printed, FLAGS)
            assert matches, f"{block.place} prints:\n{printed}"
