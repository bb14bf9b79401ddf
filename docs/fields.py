"""Show the fields of a row as one table. griffe, which parses the code, calls this extension."""

from typing import Any

import griffe


class Fields(griffe.Extension):
    """Move the docstring of each field of a TypedDict into the docstring of its class."""

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Add an Attributes section; the types come from the class itself."""
        if "TypedDict" not in map(str, cls.bases) or cls.docstring is None:
            return
        lines = [cls.docstring.value.strip()]
        lines += ["", "Attributes", "----------"]
        for name, field in cls.attributes.items():
            told = field.docstring.value.strip() if field.docstring else ""
            lines += [name, *(f"    {line.strip()}" for line in told.splitlines())]
            field.docstring = None
        cls.docstring.value = "\n".join(lines)
