"""Derive the sync client and its tests from the async ones.

`python facade/unasync.py` writes the derived files and deletes stale ones, subfolders included.
With `--check` it changes nothing, prints the differences, and fails if there are any. It replaces
whole words, in docstrings, comments and examples too; ruff then sorts the imports and formats.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    ROOT / "facade/vantage6/client/_async": ROOT / "facade/vantage6/client/_sync",
    ROOT / "tests/live/_async": ROOT / "tests/live/_sync",
    ROOT / "tests/replay/_async": ROOT / "tests/replay/_sync",
    ROOT / "tests/unit/_async": ROOT / "tests/unit/_sync",
}
DROPPED = re.compile(r"\b(?:async|await) +")
WORDS = {
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncByteStream": "SyncByteStream",
    "AsyncClient": "Client",
    "AsyncConnectionPool": "ConnectionPool",
    "AsyncConnector": "Connector",
    "AsyncHTTPProxy": "HTTPProxy",
    "AsyncHttp": "Http",
    "AsyncGenerator": "Generator",
    "AsyncIterator": "Iterator",
    "AsyncLock": "Lock",
    "AsyncMfaCode": "MfaCode",
    "AsyncPassword": "Password",
    "AsyncMailbox": "Mailbox",
    "AsyncNetworkBackend": "NetworkBackend",
    "AsyncNetworkStream": "NetworkStream",
    "AsyncPools": "Pools",
    "AsyncPoolsBase": "PoolsBase",
    "AsyncSOCKSProxy": "SOCKSProxy",
    "AsyncTransport": "Transport",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "aiter_bytes": "iter_bytes",
    "aread": "read",
    "async_auth_flow": "sync_auth_flow",
    "_async": "_sync",
    "aclose": "close",
    "aclosing": "closing",
    "asynccontextmanager": "contextmanager",
    "handle_async_request": "handle_request",
    "running_loop": "no_loop",
    "aresolve_code": "resolve_code",
    "aresolve_password": "resolve_password",
    "asyncio": "time",
    "run_in_thread": "run_directly",
    "pytest_asyncio": "pytest",
    "set_async_httpx_client": "set_httpx_client",
}
WORD = re.compile(r"\w+")


def derive(source: Path, target: Path) -> str:
    """Return the sync form of a module.

    Parameters
    ----------
    source : Path
        The async module.
    target : Path
        Path of the sync module; ruff picks its settings by it.

    Returns
    -------
    str
        Source code of the sync module.
    """
    text = DROPPED.sub("", source.read_text())
    text = WORD.sub(lambda match: WORDS.get(match[0], match[0]), text)
    text = f"# Derived by unasync.py: edit {source.relative_to(ROOT)} instead.\n{text}"
    for command in (["check", "--select", "I", "--fix-only", "--quiet"], ["format", "--quiet"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(target), "-"]
        text = subprocess.run(  # noqa: S603 - ruff, on our own source
            ruff, input=text, stdout=subprocess.PIPE, cwd=ROOT, check=True, text=True
        ).stdout
    return text


def changes() -> dict[Path, str | None]:
    """Return the derived files that are outdated, missing or stale.

    Returns
    -------
    dict of Path to str or None
        The right content for each such file; None for a stale one.
    """
    wanted: dict[Path, str] = {}
    present: set[Path] = set()
    for source_folder, target_folder in FOLDERS.items():
        for source in sorted(source_folder.rglob("*.py")):
            target = target_folder / source.relative_to(source_folder)
            wanted[target] = derive(source, target)
        present.update(target_folder.rglob("*.py"))
    found: dict[Path, str | None] = dict.fromkeys(sorted(present - wanted.keys()))
    for target, text in wanted.items():
        if target not in present or target.read_text() != text:
            found[target] = text
    return found


def report(target: Path, text: str | None) -> None:
    """Print the difference between a derived file and its right content."""
    is_new = not target.exists()
    before = "" if is_new else target.read_text()
    name = str(target.relative_to(ROOT))
    lines = difflib.unified_diff(before.splitlines(), (text or "").splitlines(), name, name, "", "")
    sys.stdout.writelines(f"{line}\n" for line in lines)


def main() -> int:
    """Write or check the derived files.

    Returns
    -------
    int
        Exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if anything differs"
    )
    is_check = parser.parse_args().check
    found = changes()
    for target, text in found.items():
        if is_check:
            report(target, text)
        elif text is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    return 1 if found and is_check else 0


if __name__ == "__main__":
    sys.exit(main())
