"""Run one contestant in a process of its own: `probe.py FILE FUNCTION REPEATS JSON`.

The function takes the arguments in the JSON and returns what is to be measured: a callable without
parameters. It is called once for its memory, then REPEATS times for its duration; one line of JSON
says what came out. Only the standard library is used: this runs in the official client's
environment too.
"""

import contextlib
import importlib.util
import json
import resource
import sys
import time
from pathlib import Path


def _status(name):
    """Read a size from what Linux tells of this process, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def _extra_memory(function):
    """Call a function; return its value, and by how many bytes its peak rose."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        before = _status("VmRSS")
    except OSError:  # not Linux: the highest peak so far, in KiB or, on macOS, bytes
        unit = 1 if sys.platform == "darwin" else 1024
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        value = function()
        return value, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - before
    value = function()
    return value, _status("VmHWM") - before


def main(file, function, repeats, arguments):
    spec = importlib.util.spec_from_file_location("contestant", file)
    module = importlib.util.module_from_spec(spec)
    with contextlib.redirect_stdout(sys.stderr):  # the official client prints a banner
        spec.loader.exec_module(module)
        measured = getattr(module, function)(**json.loads(arguments))
        value, memory = _extra_memory(measured)
        plain = isinstance(value, int | float | str | list | dict)
        answer = {"memory": memory, "value": value if plain else None}
        del value  # it would count as held memory in the runs that follow
        runs = []
        for _ in range(int(repeats)):
            before = time.perf_counter(), time.process_time()
            measured()
            runs.append((time.perf_counter() - before[0], time.process_time() - before[1]))
    if runs:  # what else the machine does only ever adds
        answer["seconds"], answer["busy"] = map(min, zip(*runs, strict=True))
    print(json.dumps(answer))


main(*sys.argv[1:])
