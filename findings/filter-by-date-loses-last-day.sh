#!/usr/bin/env bash
# vantage6-algorithm-tools 5.0.3, vantage6.algorithm.preprocessing.filtering.filter_by_date
#
# What: the end of the period is documented as a date, with rows on that date included. It is compared as a
# moment, midnight at its beginning: of the last day only rows without a time of day remain. With
# keep_between=False the same rows, which lie inside the period, are kept as if they lay outside.
#
# Why it matters: hospitals that store dates and hospitals that store moments answer the same question about
# different periods, and two adjoining quarters lose a day of patients between them.
#
# Guess before the run: all three rows of March.
#
# Output seen:
# moments: ['2024-03-30 11:00:00', '2024-03-31 00:00:00']
# dates:   ['2024-03-30', '2024-03-31', '2024-03-31']
# outside: ['2024-03-31 10:00:00']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.13 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q vantage6-algorithm-tools==5.0.3 pandas==2.3.3 pyarrow==26.0.1
cd "$folder"
cat > algorithm.py <<'PY'
from vantage6.algorithm.preprocessing.filtering import filter_by_date
PY
cat > run.py <<'PY'
import json, os, pathlib, subprocess, sys

import pandas as pd
import pyarrow.parquet as pq


def run(frame, arguments, **variables):
    """Let the wrapper call the function as a node does, and return the data frame it stores."""
    folder = pathlib.Path(os.environ["PWD"])
    frame.to_parquet(folder / "patients.parquet")
    (folder / "input").write_text(json.dumps(arguments))
    variables = {
        "PKG_NAME": "algorithm",
        "ALGORITHM_METHOD": "filter_by_date",
        "FUNCTION_ACTION": "preprocessing",
        "INPUT_FILE": str(folder / "input"),
        "OUTPUT_FILE": str(folder / "output"),
        "SESSION_FOLDER": str(folder),
        "USER_REQUESTED_DATAFRAMES": "patients",
        "PATH": os.environ["PATH"],
        **variables,
    }
    wrap = "from vantage6.algorithm.tools.wrap import wrap_algorithm; wrap_algorithm()"
    done = subprocess.run([sys.executable, "-c", wrap], env=variables, capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    return pq.read_table(folder / "output").to_pandas()


MOMENTS = ["2024-03-30 11:00:00", "2024-03-31 00:00:00", "2024-03-31 10:00:00"]


def rows(texts, **more):
    arguments = {"column": "seen_on", "start_date": "2024-03-01", "end_date": "2024-03-31", **more}
    return run(pd.DataFrame({"seen_on": texts}), arguments)["seen_on"].tolist()


moments = rows(MOMENTS)
dates = rows([text[:10] for text in MOMENTS])
outside = rows(MOMENTS, keep_between=False)
for name, found in (("moments:", moments), ("dates:  ", dates), ("outside:", outside)):
    print(name, found)
assert moments == MOMENTS[:2]
assert dates == ["2024-03-30", "2024-03-31", "2024-03-31"]
assert outside == MOMENTS[2:]
PY
"$folder/venv/bin/python" -W ignore run.py
