"""Algorithm that sleeps and logs, to try out logs, waiting and killing."""

# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUntypedFunctionDecorator=false
# The algorithm tools are installed in the environment of the local network only.

import time

from vantage6.algorithm.decorator import federated


@federated
def sleep(seconds: float = 10.0, step: float = 0.5) -> dict[str, float]:
    """Sleep, and print a line at every step."""
    started = time.monotonic()
    while (slept := time.monotonic() - started) < seconds:
        print(f"slept {slept:.1f} of {seconds:.1f} s")  # noqa: T201  (the log of the run)
        time.sleep(min(step, max(0.0, seconds - slept)))
    return {"slept": seconds}
