"""The methods of the official client, and a recorder of which are used."""

import json
from typing import Any

from tests.support.paths import DATA, OFFICIAL_SURFACE

# The parameters of each method, in order, with their defaults.
SURFACE: dict[str, Any] = json.loads(OFFICIAL_SURFACE.read_text())
SURFACE_5: dict[str, Any] = json.loads((DATA / "official-surface-5.0.3.json").read_text())
# Its modules with their names, and the attributes of a client; see `official_names.py`.
OFFICIAL_NAMES: dict[str, Any] = json.loads((DATA / "official-names.json").read_text())
RESOURCES: dict[str, dict[str, Any]] = SURFACE["resources"]
METHODS = {f"{resource}.{name}" for resource, methods in RESOURCES.items() for name in methods}
# All members by name, such as ``task.create``, ``authenticate`` or ``token``.
OFFICIAL = METHODS | SURFACE["client"].keys() | set(SURFACE["properties"])


class UsageRecorder:
    """A client, or one of its resources, that records which of its methods are used.

    Parameters
    ----------
    target : object
        The client or resource.
    used : set of str
        Where to note it.
    name : str
        Its dotted name, with a dot at the end; empty for the client itself.
    """

    def __init__(self, target: Any, used: set[str], name: str = "") -> None:
        self._target, self._used, self._name = target, used, name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._target, attribute)
        name = self._name + attribute
        if name in OFFICIAL:
            self._used.add(name)
        return UsageRecorder(value, self._used, f"{name}.") if name in RESOURCES else value
