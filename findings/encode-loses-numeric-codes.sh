#!/usr/bin/env bash
# vantage6-algorithm-tools 5.0.3, vantage6.algorithm.preprocessing.encoding.encode
#
# What: the arguments of a task travel as JSON, in which the keys of an object are texts. A mapping of numeric
# codes, {1: "male", 2: "female"}, arrives as {"1": ..., "2": ...}, and the function looks up the numbers of
# the column in it. None is found, so each patient gets the value for unknown categories, -1, and the step ends
# as completed. There is no mapping that works for a column of numbers.
#
# Why it matters: most registries store codes as numbers. Called directly, as in a unit test, the function
# does what it says; only between client and wrapper the keys change.
#
# Guess before the run: 1 becomes "male" and 2 becomes "female", or an error about the keys.
#
# Output seen:
# column of numbers: [-1, -1, -1]
# column of texts:   ['male', 'female', 'male']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.13 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q vantage6-algorithm-tools==5.0.3 pandas==2.3.3 pyarrow==26.0.1
cd "$folder"
cat > algorithm.py <<'PY'
from vantage6.algorithm.preprocessing.encoding import encode
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
        "ALGORITHM_METHOD": "encode",
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


arguments = {"columns": ["sex"], "mapping": {1: "male", 2: "female"}}
numbers = run(pd.DataFrame({"sex": [1, 2, 1]}), arguments)["sex"].tolist()
texts = run(pd.DataFrame({"sex": ["1", "2", "1"]}), arguments)["sex"].tolist()
print("column of numbers:", numbers)
print("column of texts:  ", texts)
assert numbers == [-1, -1, -1]
assert texts == ["male", "female", "male"]
PY
"$folder/venv/bin/python" -W ignore run.py
