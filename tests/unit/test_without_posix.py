"""Test that the client and `v6c` need nothing that only POSIX has; see `nox -s windows`."""

import subprocess
import sys

CODE = """
import pkgutil
import tests.support.without_posix as windows
import vantage6.client, vantage6.v6c

for package in (vantage6.client, vantage6.v6c):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            __import__(module.name)
from vantage6.client._storage import permissions
print(permissions.os.name, hasattr(permissions.os, "geteuid"), hasattr(permissions.os, "replace"))
try:
    permissions._is_private_group(0)
except ImportError as error:
    print(error)
"""


def test_every_module_is_imported_without_posix() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120
    )
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["nt False True", "No module named 'grp'"]
