"""Test the pages of the documentation: navigation, code blocks, tables and trees.

tests/docs/test_pages_live.py runs the blocks, and `nox -s docs` builds the site.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.doc_pages import KINDS, ROOT, Block, blocks, pages
from vantage6.client import Progress, RunProgress, Vantage6Error, errors
from vantage6.client._display.progress import render_lines
from vantage6.client._storage.known_keys import parse_known

# Blocks that nothing runs, each with its reason in the page: few.
NOT_RUN = 3
# Pages with a map of files and folders.
MAPS = ("CONTRIBUTING.md", "openapi/README.md")


def marked(mark: str) -> list[Block]:
    return [block for page in pages() for block in blocks(page) if block.mark == mark]


def in_nav(nav: Any) -> Iterator[str]:
    """Yield each page of the navigation."""
    if isinstance(nav, str):
        yield nav
    else:
        for item in nav.values() if isinstance(nav, dict) else nav:
            yield from in_nav(item)


def test_every_page_is_in_the_navigation() -> None:
    nav = list(in_nav(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    assert len(nav) == len(set(nav))
    missing = {page.removeprefix("docs/") for page in pages() if page.startswith("docs/")}
    assert missing <= set(nav), "add them to the nav of mkdocs.yml"


@pytest.mark.parametrize("page", pages())
def test_code_blocks_have_a_known_language(page: str) -> None:
    for block in blocks(page):
        assert block.mark or block.kind in KINDS, (
            f"{block.place}: nothing runs a block of the kind {block.kind!r}; use one of "
            f"{', '.join(KINDS)}, or say above it why not: <!-- not run: REASON -->"
        )


def test_few_blocks_are_skipped_each_with_a_reason() -> None:
    left = marked("not run")
    assert len(left) <= NOT_RUN, [block.place for block in left]
    for block in left:
        assert len(block.reason) > 20, block.place


def test_files_that_check_a_block_exist() -> None:
    for block in [*marked("checked by"), *marked("run by")]:
        path = ROOT / block.reason
        assert path.is_file(), f"{block.place}: there is no {block.reason}"
        assert block.page.rpartition("/")[2] in path.read_text(), (
            f"{block.place}: {block.reason} does not name the page"
        )


def test_blocks_are_found_in_every_form() -> None:
    page = """# Title
<!-- not run: why
  not -->
```text
one
```

- item

    ```python
    two
    ```

text

    three

~~~
four
~~~
"""
    found = [(b.kind, b.code.strip(), b.mark, b.reason) for b in blocks("a.md", page)]
    assert found == [
        ("text", "one", "not run", "why not"),
        ("python", "two", "", ""),
        ("indented", "three", "", ""),
        ("", "four", "", ""),
    ]


# -- blocks that are checked here ---------------------------------------------------------------
def checked_here(page: str) -> str:
    """Return the one block of a page that says that it is checked here."""
    (code,) = (
        block.code
        for block in blocks(page)
        if (block.mark, block.reason) == ("checked by", "tests/docs/test_pages.py")
    )
    return code


def test_every_block_marked_for_this_file_is_checked() -> None:
    here = {
        block.page for block in marked("checked by") if block.reason.endswith("docs/test_pages.py")
    }
    assert here == {*MAPS, "docs/errors.md", "docs/progress.md", "docs/security.md"}


@pytest.mark.parametrize("page", MAPS)
def test_paths_in_folder_overviews_exist(page: str) -> None:
    folder = (ROOT / page).parent
    for line in checked_here(page).splitlines():
        for path in re.split(r"  +", line)[0].split(", "):
            assert list(folder.glob(path)), f"{page}: there is no {path}"


def test_progress_example_matches_the_output() -> None:
    runs = [
        RunProgress(1, 1, 1, "IKNL", "completed", False, 0, 7),
        RunProgress(2, 1, 2, "Maastro", "active", False, 0, None),
        RunProgress(3, 2, 3, "Radboudumc", "pending", True, None, None),
    ]
    lines = render_lines([Progress(1, "average age", "active", tuple(runs), 0)], 9, 40)
    drawn = ["".join(text for text, _ in line) for line in lines]
    assert checked_here("docs/progress.md").splitlines() == drawn


def test_known_organizations_example_is_parsed() -> None:
    known = parse_known(checked_here("docs/security.md"), "https://server.example/api", "the page")
    assert [pin.name for pin in known] == ["Maastro", "demo"]


# -- docs/errors.md -----------------------------------------------------------------------------
def tree(kind: type[Exception], before: str = "") -> Iterator[str]:
    """Draw the classes below one, in the order of the module."""
    known = [each for each in vars(errors).values() if isinstance(each, type)]
    below = [each for each in known if each.__bases__[0] is kind]
    for number, each in enumerate(below, 1):
        last = number == len(below)
        yield f"{before}{'└' if last else '├'}── {each.__name__}"
        yield from tree(each, before + ("    " if last else "│   "))


def test_security_page_names_a_test_for_each_promise() -> None:
    page = (ROOT / "docs/security.md").read_text()
    table = page.partition("## Promises and their tests\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 30
    for row in rows:
        named = re.findall(r"`([\w/.]+\.py)::(test_\w+)`", row)
        assert named, row
        for file, name in named:
            source = (ROOT / "tests" / file).read_text()
            assert re.search(rf"def {name}\(", source), f"{file}::{name}"


def test_errors_page_has_the_error_tree() -> None:
    assert checked_here("docs/errors.md").splitlines() == ["Vantage6Error", *tree(Vantage6Error)]


def test_errors_page_explains_each_error() -> None:
    page = (ROOT / "docs/errors.md").read_text()
    told = re.findall(r"^\| `(\w+)` \| \S.* \|.*\|$", page, re.MULTILINE)
    drawn = [line.rpartition(" ")[2] for line in tree(Vantage6Error)]
    assert sorted(told) == sorted(drawn)
