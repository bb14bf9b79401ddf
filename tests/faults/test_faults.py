"""Each kind of exchange, broken in each way: what comes of it, how often, and how soon."""

import page
import pytest
from cases import KINDS, WAYS, Kind, Way
from run import Found, judge

pytestmark = pytest.mark.live

CASES = [
    pytest.param(way, kind, form, id=f"{way.name}-{kind.name}-{form}")
    for way in WAYS
    for kind in KINDS
    for form in ("sync", "async")
]


@pytest.mark.parametrize(("way", "kind", "form"), CASES)
def test_what_comes_of_it(found: list[Found], way: Way, kind: Kind, form: str) -> None:
    (one,) = (one for one in found if (one.way, one.kind, one.form) == (way, kind, form))
    assert judge(one) == []


def test_too_much_is_not_taken_in(floods: list[Found]) -> None:
    assert wrong_with(floods) == {}


def test_the_page_says_so(
    found: list[Found],
    floods: list[Found],
    request: pytest.FixtureRequest,
) -> None:
    text = page.table([*found, *floods])
    if request.config.getoption("--write"):
        page.write_down(text)
    assert page.written() == text, "write it anew: nox -s faults -- --write"


def wrong_with(found: list[Found]) -> dict[tuple[str, str, str], list[str]]:
    """Tell of each case that went wrong what did."""
    return {(one.way.name, one.kind.name, one.form): judge(one) for one in found if judge(one)}
