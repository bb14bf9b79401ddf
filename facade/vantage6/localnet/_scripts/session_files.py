"""Keep the output of an extraction or a preprocessing in the session's folder."""

# Runs after the algorithm, in a process of its own. The environment names the files.

import datetime
import importlib
import json
import os
from pathlib import Path
from typing import Any


def store() -> None:
    """Write the data frame, its columns, and a row of the session's history."""
    # Installed in the environment, not in the SDK.
    pandas: Any = importlib.import_module("pandas")
    pyarrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    table: Any = parquet.read_table(os.environ["OUTPUT_FILE"])
    frame = Path(os.environ["DATAFRAME_FILE"])
    parquet.write_table(table, frame.with_suffix(".new"))
    frame.with_suffix(".new").replace(frame)

    columns = [{"name": field.name, "dtype": str(field.type)} for field in table.schema]
    Path(os.environ["COLUMNS_FILE"]).write_text(json.dumps(columns))

    history = Path(os.environ["SESSION_FILE"])
    row = {
        "action": os.environ["FUNCTION_ACTION"],
        "file": frame.name,
        "timestamp": datetime.datetime.now(datetime.timezone.utc),
        "message": "Session updated.",
        "dataframe": frame.stem,
    }
    rows: Any = pandas.DataFrame([row])
    if history.exists():
        rows = pandas.concat([parquet.read_table(history).to_pandas(), rows], ignore_index=True)
    parquet.write_table(pyarrow.Table.from_pandas(rows), history.with_suffix(".new"))
    history.with_suffix(".new").replace(history)
