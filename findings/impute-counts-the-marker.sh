#!/usr/bin/env bash
# vantage6-algorithm-tools 5.0.3, vantage6.algorithm.preprocessing.encoding.impute
#
# What: where a number marks missing values, such as -1 or 999, the mean that replaces it is computed with the
# markers in it. The replacement is therefore shifted by the number of gaps, and by how far the marker lies
# from real values. The median is shifted too, and "most_frequent" can choose the marker itself.
#
# Why it matters: hospitals mark gaps in this way all the time. The result looks plausible (33 years), no
# message is logged, and the more values a hospital lacks, the further it is off.
#
# Guess before the run: the marker is left out, so the mean of 40 and 60 takes its place: 50.
#
# Output seen:
# mean of 40, 60 and a gap marked by -1:   [40, 33, 60]
# mean of 40, 60 and a gap marked by 999:  [40, 366, 60]
# most frequent of 40, 999, 999:           [40, 999, 999]
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


def impute(ages, marker, strategy):
    arguments = {"columns": ["age"], "strategy": strategy}
    arguments |= {"missing_values": str(marker), "missing_values_type": "int"}
    return [int(age) for age in run(pd.DataFrame({"age": ages}), arguments)["age"]]


low = impute([40, -1, 60], -1, "mean")
high = impute([40, 999, 60], 999, "mean")
frequent = impute([40, 999, 999], 999, "most_frequent")
print("mean of 40, 60 and a gap marked by -1:  ", low)
print("mean of 40, 60 and a gap marked by 999: ", high)
print("most frequent of 40, 999, 999:          ", frequent)
assert (low, high) == ([40, 33, 60], [40, 366, 60])
assert frequent == [40, 999, 999]
PY
"$folder/venv/bin/python" -W ignore run.py
