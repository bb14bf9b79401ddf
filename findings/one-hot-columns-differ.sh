#!/usr/bin/env bash
# vantage6-algorithm-tools 5.0.3, vantage6.algorithm.preprocessing.encoding.one_hot_encode
#
# What: the function takes the list of all categories beforehand, because no hospital sees all of them. Yet it
# makes columns only for those that occur in the data at hand, and one named "unknown" only where there is an
# unlisted value. Two hospitals that are asked with the same arguments hold data frames with other columns.
#
# Why it matters: the next step of the session (a regression, say) computes with "all columns but the
# outcome", and gets vectors of another length, or of the same length with another meaning, from each hospital.
# A client that shows the columns of a data frame has to show them by hospital.
#
# Guess before the run: three columns at both, one of them all zero at the second hospital.
#
# Output seen:
# north: ['I', 'II', 'III']
# south: ['I', 'unknown']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.13 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q vantage6-algorithm-tools==5.0.3 pandas==2.3.3 pyarrow==26.0.1
cd "$folder"
cat > algorithm.py <<'PY'
from vantage6.algorithm.preprocessing.encoding import one_hot_encode
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
        "ALGORITHM_METHOD": "one_hot_encode",
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


arguments = {"column": "stage", "categories": ["I", "II", "III"]}
north = list(run(pd.DataFrame({"stage": ["I", "II", "III"]}), arguments))
south = list(run(pd.DataFrame({"stage": ["I", "I", "IV"]}), arguments))
print("north:", north)
print("south:", south)
assert north == ["I", "II", "III"]
assert south == ["I", "unknown"]
PY
"$folder/venv/bin/python" -W ignore run.py
