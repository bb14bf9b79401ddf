"""Takes pages from elsewhere in the repository into the site; mkdocs calls what is here.

Each page's links are those of the repository, so that they lead somewhere there, too; on the site
they are made to fit.
"""

import posixpath
import re
from pathlib import Path

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
# The types of a parameter that may be one thing or another: read as a tuple, and shown as one.
TYPES = re.compile(r"(?<=<code>)\((.*)\)(?=</code>)")
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages from elsewhere."""
    root = Path(config.config_file_path).parent
    for path, page in ELSEWHERE.items():
        files.append(File.generated(config, page, abs_src_path=str(root / path)))


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between places in the repository into links between pages."""
    here = page.file.src_uri
    home = HOMES.get(here, f"docs/{here}")

    def fit(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(home), found[1]))
        placed = ELSEWHERE.get(target, target.removeprefix("docs/"))
        return posixpath.relpath(placed, posixpath.dirname(here) or ".")

    return LINK.sub(fit, markdown)


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Take the parentheses from around types in the reference."""
    return TYPES.sub(r"\1", html) if page.file.src_uri.startswith("api/") else html
