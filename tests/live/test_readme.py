"""What the README prints can be run."""

import ast
import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

README = Path(__file__).parents[2] / "README.md"


def test_its_python_runs_as_printed(network: LocalNetwork) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    code = "\n".join(blocks)
    user = network.users["researcher"]
    for placeholder, value in [("7601", str(network.port)), ("my-password", user.password)]:
        assert placeholder in code
        code = code.replace(placeholder, value)

    output = io.StringIO()
    with redirect_stdout(output):
        names: dict[str, Any] = {}
        exec(compile(code, str(README), "exec"), names)  # noqa: S102 - our own README
    names["client"].close()
    lines = output.getvalue().splitlines()
    assert lines[:3] == ["id  name", "--  ----", " 1  demo"]
    (partial,) = (ast.literal_eval(line) for line in lines if line.startswith("{"))
    assert list(partial) == [organization.name for organization in network.organizations]
    assert all(output["count"] > 0 for output in partial.values())
    assert lines[-1] == str([organization.name for organization in network.organizations])
