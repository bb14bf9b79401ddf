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
        A path leads nowhere, or to what is no Python file or package.

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
        _check_importable(image, known[image])
    return known


def _check_importable(image: str, path: Path) -> None:
    """Refuse what Python could not import as the algorithm's package."""
    if path.is_dir() and not (path / "__init__.py").exists():
        names = sorted(found.parent.name for found in path.glob("*/__init__.py"))
        packages = " or ".join(name for name in names if name.isidentifier())
        hint = f"; do you mean {packages} in it?" if packages else "."
        raise LocalNetworkError(
            f"The algorithm of image {image!r} should be a package; {path} has no __init__.py{hint}"
        )
    name = path.stem if path.suffix == ".py" else path.name
    if (path.is_file() and path.suffix != ".py") or not name.isidentifier():
        raise LocalNetworkError(
            f"The algorithm of image {image!r} cannot be imported by Python: {path.name!r} should "
            "be a Python file or the folder of a package, with the name of a module."
        )


def find(known: Mapping[str, Path], image: str) -> Path | None:
    """Return the algorithm of an image, whatever its digest, and with or without ``latest``."""
    name = image.partition("@")[0]  # a store adds the digest
    return known.get(name) or known.get(name.removesuffix(":latest"))
