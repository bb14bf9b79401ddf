"""Test that no import goes round in a circle, those for types and inside functions included."""

from graphlib import TopologicalSorter

import grimp
import pytest

PACKAGES = ("vantage6.client", "vantage6.v6c", "vantage6.localnet", "vantage6.testing")


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_have_no_cycle(package: str) -> None:
    graph = grimp.build_graph(package, exclude_type_checking_imports=False, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert any(imports.values())
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the cycle
