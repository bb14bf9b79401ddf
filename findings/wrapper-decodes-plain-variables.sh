#!/usr/bin/env bash
# vantage6-algorithm-tools 5.0.3, vantage6.algorithm.tools.wrap
#
# What: the node encodes the variables that it passes to an algorithm in base32, and the wrapper decodes all
# variables of the container, its own and foreign ones. A plain value that happens to be valid base32 is
# replaced by what it would stand for: text of 8, 16, ... characters from A to Z and 2 to 7. If those bytes are
# no text either, the wrapper ends with UnicodeDecodeError before it has read its input.
#
# Why it matters: a base image or Dockerfile sets variables. MODE=TRAINING ends each run of each function
# (TRAINER, seven letters, works), and the value PASSWORD arrives as other characters. The log names
# neither the variable nor its value.
#
# Guess before the run: variables that are not vantage6's stay as they are.
#
# Output seen:
# MODE=TRAINER:  TRAINER
# MODE=PASSWORD: x%+:#
# MODE=TRAINING: UnicodeDecodeError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3.13 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q vantage6-algorithm-tools==5.0.3 pandas==2.3.3 pyarrow==26.0.1
cd "$folder"
cat > algorithm.py <<'PY'
import os

from vantage6.algorithm.decorator.action import preprocessing


@preprocessing
def show_mode(patients):
    return patients.assign(mode=os.environ["MODE"])
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
        "ALGORITHM_METHOD": "show_mode",
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


seen = {}
for mode in ("TRAINER", "PASSWORD", "TRAINING"):
    found = run(pd.DataFrame({"age": [40]}), {}, MODE=mode, PYTHONPATH=os.environ["PWD"])
    seen[mode] = "UnicodeDecodeError" if "UnicodeDecodeError" in str(found) else found["mode"][0]
    print(f"MODE={mode}:".ljust(14), seen[mode])
assert seen == {"TRAINER": "TRAINER", "PASSWORD": "x%+:#", "TRAINING": "UnicodeDecodeError"}
PY
"$folder/venv/bin/python" -W ignore run.py
