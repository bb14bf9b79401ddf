"""What all tests have in common."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def known_organizations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let no test read or write what whoever runs it knows of real servers."""
    with pytest.MonkeyPatch.context() as patch:
        file = tmp_path_factory.mktemp("trust") / "known_organizations"
        patch.setenv("VANTAGE6_KNOWN_ORGANIZATIONS", str(file))
        yield
