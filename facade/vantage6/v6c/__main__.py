"""Entry point of the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ._exit_codes import MISSING


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `v6c`.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command-line arguments; those of this process if None.

    Returns
    -------
    int
        Exit code; `v6c --help` lists them.

    Examples
    --------
    >>> main(["completion", "fish"])  # doctest: +SKIP
    0
    """
    try:
        import click as click
    except ImportError:
        sys.stderr.write(
            "v6c: expected click to be installed. "
            "Install it with: pip install 'vantage6-sdk[cli]'\n"
        )
        return MISSING
    from ._main import run  # needs click

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
