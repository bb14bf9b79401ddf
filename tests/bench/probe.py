"""Run one contestant in a process of its own: `probe.py FILE FUNCTION JSON`.

The function takes the arguments in the JSON and returns what is to be measured: a callable without
parameters. It is called once, for its memory and its value, of which a line of JSON tells. Then it
is called once for each line that comes in, and a line goes out with the seconds that took and those
of processor time. Only the standard library is used: this runs in the official client's environment
too.
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


def main(file, function, arguments):
    spec = importlib.util.spec_from_file_location("contestant", file)
    module = importlib.util.module_from_spec(spec)
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # the official client prints a banner
        spec.loader.exec_module(module)
        measured = getattr(module, function)(**json.loads(arguments))
        value, memory = _extra_memory(measured)
        plain = isinstance(value, int | float | str | list | dict)
        print(json.dumps([memory, value if plain else None]), file=answers, flush=True)
        del value  # it would count as held memory in the runs that follow
        for _ in sys.stdin:
            before = time.perf_counter(), time.process_time()
            measured()
            after = time.perf_counter(), time.process_time()
            turn = [after[0] - before[0], after[1] - before[1]]
            print(json.dumps(turn), file=answers, flush=True)


main(*sys.argv[1:])
