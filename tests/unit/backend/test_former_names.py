"""Test that names of versions 2 and 3 of the official client are explained."""

import inspect
import re
from typing import Any

import pytest

import vantage6.client
from vantage6.client import AsyncClient, Client, InvalidInputError
from vantage6.client._backend.former_names import PARAMETERS

# The parameters of versions 2.3.4 and 3.11.1 that version 4 does not have, except those of methods
# that have no such function any more: `node.update` and `user.update`.
FORMER = {
    "wait_for_results": ["sleep"],
    "collaboration.list": ["include_metadata"],
    "node.list": ["include_metadata"],
    "organization.list": ["include_metadata"],
    "user.list": ["include_metadata"],
    "role.list": ["include_metadata"],
    "rule.list": ["include_metadata"],
    "task.list": ["initiator", "result", "include_metadata"],
    "task.create": ["input", "data_format", "database"],
    "task.run": ["input", "data_format", "database"],
    "result.get": ["include_task"],
    "result.from_task": ["include_task"],
}


async def call(client: Any, name: str, **arguments: Any) -> None:
    method = client
    for part in name.split("."):
        method = getattr(method, part)
    required = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty]
    result = method(*[1 for _ in required], **arguments)
    if inspect.isawaitable(result):
        await result


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("name", FORMER)
async def test_former_parameter_is_explained(kind: type[Client | AsyncClient], name: str) -> None:
    client = kind("http://localhost", 7601, log_level=None)
    for parameter in FORMER[name]:
        message = f"{parameter}: expected a parameter of version 4, got one of version 2 or 3. "
        with pytest.raises(InvalidInputError, match=re.escape(message + PARAMETERS[parameter])):
            await call(client, name, **{parameter: "x"})
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        await call(client, name, other=1)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_former_method_is_explained(kind: type[Client | AsyncClient]) -> None:
    client: Any = kind("http://localhost", 7601, log_level=None)
    for owner, name, hint in (
        (client, "post_task", "client.task.create("),
        (client, "get_results", "client.result.from_task("),
        (client.result, "list", "client.run.list("),
    ):
        with pytest.raises(AttributeError, match=f"{name}: .* version 2 or 3.*{re.escape(hint)}"):
            getattr(owner, name)
        assert not hasattr(owner, name)
        assert name not in dir(owner)
    for owner in (client, client.result):
        with pytest.raises(AttributeError, match="object has no attribute 'nothing'"):
            _ = owner.nothing


def test_version_of_this_package() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", vantage6.client.__version__)
