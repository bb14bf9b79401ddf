"""Which Python code stands for which image, since no container is ever started here."""

from collections.abc import Mapping
from pathlib import Path

from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._processes import inside

_INCLUDED = {
    "harbor2.vantage6.ai/demo/average": "average.py",
    "localnet/slow": "slow.py",
}


def algorithms(more: Mapping[str, str | Path] | None = None) -> dict[str, Path]:
    """Return the algorithms that the nodes can run.

    Parameters
    ----------
    more : mapping of str to path, optional
        Algorithms besides the included ones: image name to a Python file or a package's folder.

    Returns
    -------
    dict of str to Path
        Image name to Python file or folder.

    Raises
    ------
    LocalNetworkError
        A path leads nowhere.

    Examples
    --------
    >>> sorted(algorithms())
    ['harbor2.vantage6.ai/demo/average', 'localnet/slow']
    """
    known = {image: Path(inside("algorithms"), file) for image, file in _INCLUDED.items()}
    for image, path in (more or {}).items():
        known[image] = Path(path).resolve()
        if not known[image].exists():
            message = f"The algorithm of image {image!r} should be at {path}, which is not there."
            raise LocalNetworkError(message)
    return known


def find(known: Mapping[str, Path], image: str) -> Path | None:
    """Return the algorithm of an image, whatever its digest, and with or without ``latest``."""
    name = image.partition("@")[0]  # a store adds the digest
    return known.get(name) or known.get(name.removesuffix(":latest"))
