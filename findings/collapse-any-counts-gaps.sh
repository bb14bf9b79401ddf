#!/usr/bin/env bash
# vantage6-algorithm-tools 5.0.3, vantage6.algorithm.preprocessing.aggregation.collapse
#
# What: the strategies "any" and "all" are Python's own functions, not those of pandas. A gap in a column of
# numbers is nan, which Python takes for true. A patient with the values 0 and nan therefore has "any": true,
# and one whose values are all unknown, too. Where the same values are stored as true, false and None, both are
# false. Strategies such as "max" leave gaps out.
#
# Why it matters: "any" makes one row for each patient from many visits (ever admitted, ever had the event). With
# one forgotten cell, a patient without the event counts as one with it.
#
# Guess before the run: false for 0 and a gap, as pandas' own groupby(...).any() has it.
#
# Output seen:
# numbers:  {'ada': True, 'bob': True, 'cy': False}
# booleans: {'ada': False, 'bob': False, 'cy': False}
# max:      {'ada': 0.0, 'bob': nan, 'cy': 0.0}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.13 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q vantage6-algorithm-tools==5.0.3 pandas==2.3.3 pyarrow==26.0.1
cd "$folder"
cat > algorithm.py <<'PY'
from vantage6.algorithm.preprocessing.aggregation import collapse
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
        "ALGORITHM_METHOD": "collapse",
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


visits = {"patient": ["ada", "ada", "bob", "cy"], "event": [0.0, None, None, 0.0]}
numbers = pd.DataFrame(visits)
booleans = pd.DataFrame({**visits, "event": [False, None, None, False]})


def collapse(frame, strategy):
    arguments = {"group_columns": ["patient"], "aggregation_strategy": strategy}
    return run(frame, arguments).set_index("patient")["event"].to_dict()


seen = [collapse(numbers, "any"), collapse(booleans, "any"), collapse(numbers, "max")]
for name, found in zip(("numbers: ", "booleans:", "max:     "), seen):
    print(name, found)
assert seen[0] == {"ada": True, "bob": True, "cy": False}
assert seen[1] == {"ada": False, "bob": False, "cy": False}
assert str(seen[2]) == "{'ada': 0.0, 'bob': nan, 'cy': 0.0}"
PY
"$folder/venv/bin/python" -W ignore run.py
