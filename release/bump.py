"""Gives the next release its version and its section of the changelog: `bump.py VERSION`."""

import datetime
import re
import sys
from pathlib import Path

from check import HERE, of_changelog, version_here
from packaging.version import InvalidVersion, Version

NEXT = """\
git commit -am "Release {0}" && nox -s build
git tag -a v{0} -m "vantage6-sdk {0}" && git push --follow-tags
twine upload dist/*.whl dist/*.tar.gz"""


def dated(changelog: str, version: str, day: str) -> str:
    """Give what is unreleased the heading of a version."""
    heading = "## [Unreleased]\n"
    return changelog.replace(heading, f"{heading}\n## [{version}] - {day}\n", 1)


def main(version: str, root: Path, day: str) -> None:
    """Write pyproject.toml and CHANGELOG.md."""
    try:
        if str(Version(version)) != version or Version(version) < Version(version_here()):
            sys.exit(f"{version} does not come after {version_here()}, or is not in short form")
    except InvalidVersion as error:
        sys.exit(str(error))
    project, changelog = root / "pyproject.toml", root / "CHANGELOG.md"
    text = dated(changelog.read_text(), version, day)
    if flaws := list(of_changelog(text, version)):
        sys.exit("\n".join(flaws))
    changelog.write_text(text)
    line = re.compile(r'^version = ".+"$', re.MULTILINE)
    project.write_text(line.sub(f'version = "{version}"', project.read_text(), count=1))
    print(f"Look at the changes, then:\n{NEXT.format(version)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("name the version: nox -s release -- 0.2.0")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    main(sys.argv[1], HERE, today.isoformat())
