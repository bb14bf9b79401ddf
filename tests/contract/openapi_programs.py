"""Import the programs of openapi/, which belong to no package."""

import importlib.util
import sys
from types import ModuleType

from tests.support.paths import OPENAPI


def load(name: str) -> ModuleType:
    """Import one by its file's name."""
    sys.path.append(str(OPENAPI))
    spec = importlib.util.spec_from_file_location(f"openapi_{name}", OPENAPI / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
