"""Print the names of the official client besides its methods, as JSON.

Run it with the Python of an environment that has the official package. `official-names.json` is its
output, and a live test compares them.
"""

import importlib
import json
import pkgutil
import sys

import vantage6.client as package


def names_of(module):
    """Return the names that a module defines, or takes from other modules of the platform."""
    return sorted(
        name
        for name, value in vars(module).items()
        if name == "__version__"
        or (
            not name.startswith("_")
            and str(getattr(value, "__module__", "")).startswith("vantage6.")
        )
    )


def attributes_of(thing):
    return sorted(name for name in vars(thing) if not name.startswith("_"))


found = pkgutil.walk_packages(package.__path__, "vantage6.client.")
names = [each.name for each in found if "._" not in each.name]
modules = [package, *map(importlib.import_module, names)]
client = package.UserClient("http://localhost", 7601, log_level="critical")
json.dump(
    {
        "modules": {module.__name__: names_of(module) for module in modules},
        "attributes": attributes_of(client),
    },
    sys.stdout,
    indent=1,
)
