"""Add pages from other folders of the repository to the site. mkdocs calls these hooks.

The links of each page are valid in the repository; these hooks rewrite them for the site.
"""

import posixpath
import re
from pathlib import Path

import tomllib
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ELSEWHERE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "openapi/README.md": "contract.md",
}
HOMES = {page: path for path, page in ELSEWHERE.items()}
# Alternative types of a parameter, which are parsed and shown as a tuple.
TYPES = re.compile(r"(?<=<code>)\((.*)\)(?=</code>)")
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def on_config(config: MkDocsConfig) -> None:
    """Show the version, and link to the repository once the project names its address."""
    project = tomllib.loads((Path(config.config_file_path).parent / "pyproject.toml").read_text())
    config.copyright = f"vantage6-sdk {project['project']['version']}"
    if address := project["project"].get("urls", {}).get("Repository"):
        config.repo_url, config.repo_name = address, "Repository"


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages from other folders."""
    root = Path(config.config_file_path).parent
    for path, page in ELSEWHERE.items():
        files.append(File.generated(config, page, abs_src_path=str(root / path)))


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Convert links between files of the repository to links between pages of the site."""
    here = page.file.src_uri
    home = HOMES.get(here, f"docs/{here}")

    def fit(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(home), found[1]))
        placed = ELSEWHERE.get(target, target.removeprefix("docs/"))
        return posixpath.relpath(placed, posixpath.dirname(here) or ".")

    return LINK.sub(fit, markdown)


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Remove the parentheses around types in the reference."""
    return TYPES.sub(r"\1", html) if page.file.src_uri.startswith("api/") else html
