"""Test that clients do not import the command line of httpx, and that programs still can."""

import subprocess
import sys

import pytest

CLIENT = "from vantage6.client import Client; Client('http://127.0.0.1:1', log_level=None)\n"
HEAVY = "loaded = {'click', 'rich', 'pygments', 'httpx._main'} & set(sys.modules)\n"


def run(code: str, *options: str) -> str:
    """Run a program of its own; return what it prints."""
    command = [sys.executable, *options, "-c", f"import sys\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "code",
    [
        CLIENT,
        # A saved login or a profile is read before there is a client.
        "import vantage6.client._config.plan\n",
        "import vantage6.client._auth.bearer\n",
        "import vantage6.client._async.core.auth\n",
    ],
)
def test_a_client_does_not_import_the_command_line_of_httpx(code: str) -> None:
    assert run(f"{code}{HEAVY}print(loaded)") == "set()"


@pytest.mark.parametrize(
    "code",
    [
        "import httpx; print(type(httpx.main).__name__, httpx.main is httpx.main)",
        "from httpx import main; print(type(main).__name__, main.__module__)",
        "from httpx import *; print(type(main).__name__, callable(get))",
        "import httpx._main, httpx; print(httpx._main.main is httpx.main)",
        "import httpx; print(httpx._main.__name__)",
        "import httpx; print('main' in dir(httpx), sorted(httpx.__all__) == httpx.__all__)",
        "import httpx; print(hasattr(httpx, 'nothing'), hasattr(httpx, '__path__'))",
        "import click, rich, httpx; print(click.__file__, rich.__file__, httpx.main.name)",
        "import httpx, pickle; print(pickle.loads(pickle.dumps(httpx.codes.OK)), httpx.URL('http://x'))",
    ],
)
def test_a_program_sees_the_same_before_and_after_a_client(code: str) -> None:
    assert run(CLIENT + code) == run(code) == run(f"import httpx\n{CLIENT}{code}")


def test_without_click_the_command_line_explains_what_is_missing() -> None:
    hide = "sys.modules['click'] = None\n"
    call = "import httpx\ntry: httpx.main()\nexcept SystemExit as end: print(end.code)"
    assert run(hide + CLIENT + call) == run(hide + call)


def test_a_client_after_httpx_leaves_it_as_it_is() -> None:
    code = f"import httpx; names = dict(vars(httpx))\n{CLIENT}print(names == vars(httpx))"
    assert run(code) == "True"
