"""Test the outcome of each fault in each exchange: error, number of requests, duration."""

import pytest

from . import fault_table as page
from .cases import AT_STORES, FLOODS, KINDS, RESTART, STORE_KINDS, WAYS, Kind, Way
from .realm import REALM_KINDS, REALM_WAYS
from .runner import Found, judge

pytestmark = pytest.mark.live

PAIRS = [
    *[(way, kind) for way in (*WAYS, *FLOODS, RESTART) for kind in KINDS],
    *[(way, kind) for way in WAYS if way.name in AT_STORES for kind in STORE_KINDS],
    *[(way, kind) for way in REALM_WAYS for kind in REALM_KINDS],
]
CASES = [
    pytest.param(way, kind, form, id=f"{way.name}-{kind.name}-{form}")
    for way, kind in PAIRS
    for form in ("sync", "async")
]


@pytest.mark.parametrize(("way", "kind", "form"), CASES)
def test_fault_has_the_expected_outcome(
    found: list[Found], way: Way, kind: Kind, form: str
) -> None:
    (one,) = (one for one in found if (one.way, one.kind, one.form) == (way, kind, form))
    assert judge(one) == []


def test_store_faults_are_known_faults() -> None:
    assert {way.name for way in WAYS} >= AT_STORES


def test_page_matches_the_outcomes(found: list[Found], request: pytest.FixtureRequest) -> None:
    text = page.tables(found)
    if request.config.getoption("--write"):
        page.write_down(text)
    assert page.written() == text, "update it: nox -s faults -- --write"
