"""Test that the blocks of docs/planning.md and docs/failed.md run at HQ as the pages say."""

import doctest
from typing import Any

import pytest

from tests.support.doc_pages import blocks
from tests.support.policies import refusing
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", ["docs/planning.md", "docs/failed.md"])
def test_page_runs_at_hq(
    hq_network: LocalNetwork, capsys: pytest.CaptureFixture[str], page: str
) -> None:
    found: dict[str, Any] = {}
    with refusing(hq_network, 3, "localnet/slow"), hq_network.client() as client:
        found["client"] = client
        for block in blocks(page):
            if block.kind == "python":
                exec(compile(block.code, block.place, "exec"), found)  # noqa: S102 - the page itself
            elif block.kind == "text":
                printed = capsys.readouterr().out
                matches = doctest.OutputChecker().check_output(block.code, printed, FLAGS)
                assert matches, f"{block.place} prints:\n{printed}"
