"""An algorithm that takes its time and says so, for trying out logs, waiting and killing."""

import time


def sleep(seconds: float = 10.0, step: float = 0.5) -> dict[str, float]:
    """Sleep, and print a line at every step.

    Parameters
    ----------
    seconds : float, default 10.0
        How long to sleep in all.
    step : float, default 0.5
        Seconds between two lines of the log.

    Returns
    -------
    dict
        ``{"slept": ...}``, in seconds.
    """
    started = time.monotonic()
    while (slept := time.monotonic() - started) < seconds:
        print(f"slept {slept:.1f} of {seconds:.1f} s")  # noqa: T201  (the log of the run)
        time.sleep(min(step, max(0.0, seconds - slept)))
    return {"slept": seconds}
