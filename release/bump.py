"""Set the version of the next release, and add its changelog section: `bump.py VERSION`."""

import datetime
import re
import sys
from pathlib import Path

from check import HERE, check_changelog, project_version
from packaging.version import InvalidVersion, Version

NEXT = """\
git commit -am "Release {0}" && nox -s build
git tag -a v{0} -m "vantage6-sdk {0}" && git push --follow-tags
twine upload dist/*.whl dist/*.tar.gz"""


def add_release_heading(changelog: str, version: str, day: str) -> str:
    """Move the unreleased changes under the heading of a version."""
    heading = "## [Unreleased]\n"
    return changelog.replace(heading, f"{heading}\n## [{version}] - {day}\n", 1)


def main(version: str, root: Path, day: str) -> None:
    """Write pyproject.toml and CHANGELOG.md."""
    try:
        if str(Version(version)) != version or Version(version) < Version(project_version()):
            sys.exit(
                f"version: expected {project_version()} or later in short form, got {version}."
            )
    except InvalidVersion as error:
        sys.exit(str(error))
    project, changelog = root / "pyproject.toml", root / "CHANGELOG.md"
    text = add_release_heading(changelog.read_text(), version, day)
    if problems := list(check_changelog(text, version)):
        sys.exit("\n".join(problems))
    changelog.write_text(text)
    line = re.compile(r'^version = ".+"$', re.MULTILINE)
    project.write_text(line.sub(f'version = "{version}"', project.read_text(), count=1))
    print(f"Review the changes, then run:\n{NEXT.format(version)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("expected one version: nox -s release -- 0.2.0")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    main(sys.argv[1], HERE, today.isoformat())
