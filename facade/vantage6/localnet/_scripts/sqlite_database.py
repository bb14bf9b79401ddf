"""Settings of SQLite, which the services use here in place of PostgreSQL."""

import importlib
from typing import Any


def never_reuse_ids(package: str) -> None:
    """Assign ids that are not reused to the rows of a service's tables, as other databases do."""
    # Otherwise a late update of a deleted run could reach another run, and a new session the data
    # frames of a deleted one.
    tables: Any = importlib.import_module(f"{package}.model.base").Base.metadata.tables
    importlib.import_module(f"{package}.model")  # defines the tables
    for table in tables.values():
        table.dialect_options["sqlite"]["autoincrement"] = True


def write_without_waiting() -> None:
    """Do not wait for the disk: a killed service loses nothing by it, only a crashed machine."""
    event: Any = importlib.import_module("sqlalchemy.event")
    engine: Any = importlib.import_module("sqlalchemy.engine").Engine
    event.listen(engine, "connect", _relax)


def _relax(connection: Any, _record: object) -> None:
    """Set up a new connection."""
    connection.execute("PRAGMA synchronous = OFF")
