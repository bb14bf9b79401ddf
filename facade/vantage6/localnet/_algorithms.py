"""Map image names to the Python code that runs in their place."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from vantage6.localnet._environment import is_version_5
from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._processes import script_path

_INCLUDED = {
    "harbor2.vantage6.ai/demo/average": "average.py",
    "localnet/slow": "slow.py",
}


def resolve_algorithms(
    more: Mapping[str, str | Path] | None = None, version: str = "4"
) -> dict[str, Path]:
    """Return the included algorithms and those given, by image name."""
    folder = Path(script_path("algorithms"), "v5" if is_version_5(version) else "v4")
    known = {image: folder / file for image, file in _INCLUDED.items()}
    more = {} if more is None else more
    if not isinstance(cast("object", more), Mapping):
        message = f"algorithms: expected a mapping of images to paths, got {more!r}."
        raise LocalNetworkError(message)
    for image, path in more.items():
        types = (cast("object", image), str), (cast("object", path), (str, Path))
        if not image or not all(isinstance(*each) for each in types):
            raise LocalNetworkError(
                f"algorithm {image!r}: expected an image name, and the path of a Python file or "
                f"package, got {path!r}."
            )
        known[image] = Path(path).resolve()
        if not known[image].exists():
            raise LocalNetworkError(
                f"algorithm {image!r}: expected a Python file or package at {path}, found nothing."
            )
        _check_importable(image, known[image])
    return known


def _check_importable(image: str, path: Path) -> None:
    """Raise an error unless the path is a Python file or package."""
    if path.is_dir() and not (path / "__init__.py").exists():
        names = sorted(found.parent.name for found in path.glob("*/__init__.py"))
        packages = " or ".join(name for name in names if name.isidentifier())
        hint = f" Did you mean {packages} in it?" if packages else ""
        raise LocalNetworkError(
            f"algorithm {image!r}: expected a package, got {path}, which has no __init__.py.{hint}"
        )
    name = path.stem if path.suffix == ".py" else path.name
    if (path.is_file() and path.suffix != ".py") or not name.isidentifier():
        raise LocalNetworkError(
            f"algorithm {image!r}: expected a Python file or package with an importable name, got "
            f"{path.name!r}."
        )


def find_algorithm(known: Mapping[str, Path], image: str) -> Path | None:
    """Return the algorithm for an image, ignoring its digest and the tag `latest`."""
    name = image.partition("@")[0]  # stores append the digest
    return known.get(name) or known.get(name.removesuffix(":latest"))
