"""Algorithm that sleeps and logs, to try out logs, waiting and killing."""

import time


def sleep(seconds: float = 10.0, step: float = 0.5) -> dict[str, float]:
    """Sleep, and print a line at every step."""
    started = time.monotonic()
    while (slept := time.monotonic() - started) < seconds:
        print(f"slept {slept:.1f} of {seconds:.1f} s")  # noqa: T201  (the log of the run)
        time.sleep(min(step, max(0.0, seconds - slept)))
    return {"slept": seconds}
