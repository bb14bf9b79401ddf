"""Start the command line, or say what it needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ._codes import MISSING


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `v6c`.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; that of this process if None.

    Returns
    -------
    int
        The exit code, as `v6c --help` lists them.

    Examples
    --------
    >>> main(["completion", "fish"])  # doctest: +SKIP
    0
    """
    try:
        import click as click
    except ImportError:
        sys.stderr.write(
            "v6c: the command line needs a package that is not installed: "
            "pip install 'vantage6-sdk[cli]'\n"
        )
        return MISSING
    from ._run import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
