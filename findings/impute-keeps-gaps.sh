#!/usr/bin/env bash
# vantage6-algorithm-tools 5.0.3, vantage6.algorithm.preprocessing.encoding.impute
#
# What: called with a column that has a gap and nothing else, the function fills nothing. Its default for
# the value that marks a gap is turned into the text "None", which no column contains, so the gap stays, the
# step ends as completed, and the data frame is reported as ready. Only `missing_values="nan"` together with
# `missing_values_type="float"` fills gaps.
#
# Why it matters: people send this step so that the next one may assume complete data. A mean then runs over
# fewer patients than the count that is reported beside it, at each hospital another number.
#
# Guess before the run: the gap becomes the mean of the column, 50, as the example in its docstring shows.
#
# Output seen:
# default arguments:      [40.0, nan, 60.0]
# text "nan" as a float:  [40.0, 50.0, 60.0]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.13 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q vantage6-algorithm-tools==5.0.3 pandas==2.3.3 pyarrow==26.0.1
cd "$folder"
cat > algorithm.py <<'PY'
from vantage6.algorithm.preprocessing.encoding import impute
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
        "ALGORITHM_METHOD": "impute",
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


patients = pd.DataFrame({"age": [40.0, None, 60.0]})
default = run(patients, {"columns": ["age"]})["age"].tolist()
marked = {"columns": ["age"], "missing_values": "nan", "missing_values_type": "float"}
filled = run(patients, marked)["age"].tolist()
print("default arguments:     ", default)
print('text "nan" as a float: ', filled)
assert str(default) == "[40.0, nan, 60.0]"
assert filled == [40.0, 50.0, 60.0]
PY
"$folder/venv/bin/python" -W ignore run.py
