# Derived by unasync.py: edit tests/replay/_async/test_rejected_requests.py instead.
"""Test requests that the client or the server rejects."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from vcr.cassette import Cassette

from vantage6.client import (
    BadRequestError,
    Client,
    ConfigurationError,
    InvalidInputError,
    InvalidResponseError,
    LoginExpiredError,
    NotAuthenticatedError,
    Timeouts,
)

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
USER = "root"

HOST = "http://127.0.0.1"
TASK: dict[str, Any] = {"name": "x", "image": "x", "description": "", "input_": {"method": "f"}}


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("server.example", 443), {}),
        (("https://[server", 443), {}),
        (("https://me:secret@server.example", 443), {}),
        (("https://server.example/v6", 443, "/api"), {}),
        (("https://server.example:5000", 443), {}),
        (("https://server.example", "https"), {}),
        (("https://server.example", 70000), {}),
        ((HOST, 1, "/api", "loud"), {}),
        ((HOST, 1), {"timeout": 0}),
        ((HOST, 1), {"trust": "anyone"}),
        (("https://server.example", 443), {"verify": "nowhere.pem"}),
    ],
)
def test_invalid_client_options(arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Client(*arguments, **options)


def test_valid_client_options(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recorded: "Recorded"
) -> None:
    with Client("https://server.example/", None, "api", None, timeout=5) as client:
        assert (client.host, client.port, client.path) == ("https://server.example", None, "/api")
        assert client.base_path == "https://server.example/api"
        assert client.generate_path_to("/task") == "https://server.example/api/task"
        assert client.api is not None
        assert (client.token, client.headers, client.collaboration_id) == (None, {}, None)
        with pytest.raises(NotAuthenticatedError):
            _ = client.name
    with pytest.warns(UserWarning, match="certificate of .* is not checked"):
        with Client("https://server.example", 443, verify=False):
            pass
    with Client("https://server.example", 443, verify=tmp_path):
        pass
    times = Timeouts(connect=1, read=2, write=3, pool=4)
    with Client(HOST, recorded.port, timeout=times, log_level="debug") as client:
        client.authenticate("root", recorded.passwords["root"])
        assert client.headers == {"Authorization": f"Bearer {client.token}"}
        assert (client.name in repr(client), "root" in caplog.text) == (True, True)


def with_kwargs(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {"input_": {"method": "f", "kwargs": kwargs}}


def test_invalid_arguments_are_not_sent(client: Client, vcr: Cassette) -> None:
    circle: dict[str, Any] = {}
    circle["again"] = [circle]
    before = len(vcr.requests)
    for given, told in {
        "databases": {"databases": [7]},
        "not start with a digit": {"databases": "1st"},
        "organizations: expected at least one": {"organizations": []},
        "organizations: expected a list": {"organizations": 1},
        "a whole number": {"organizations": [1.5]},
        r"input_\.kwargs\.when": with_kwargs({"when": object()}),
        r"input_\.kwargs\['a b'\]\[1\]": with_kwargs({"a b": (1, {2})}),
        "expected a key of type str": with_kwargs({"a": {(1, 2): 3}}),
        "contains itself": with_kwargs(circle),
        r"method, args and kwargs, got \(1, 2\)": {"input_": {(1, 2): 3}},
    }.items():
        with pytest.raises(InvalidInputError, match=given):
            client.task.create(**{"organizations": [1], "collaboration": 1, **TASK, **told})
    with pytest.raises(InvalidInputError, match="setup_collaboration"):
        client.task.create([1], **TASK)
    with pytest.raises(InvalidInputError, match="study"):
        client.study.delete()
    with pytest.raises(InvalidInputError, match="interval"):
        client.wait_for_results(1, interval=0)
    with pytest.raises(InvalidInputError, match="timeout"):
        client.wait_for_results(1, timeout=-1)
    with pytest.raises(InvalidInputError, match="on_failure"):
        client.wait_for_results(1, on_failure="ignore")  # type: ignore[arg-type]  # as scripts may
    with pytest.raises(InvalidInputError, match="attempts_on_timeout"):
        client.request("version", attempts_on_timeout=-1)
    for strange in ({"endpoint": "task/../user"}, {"method": "a b"}, {"headers": {"X": "a\nb"}}):
        with pytest.raises(InvalidInputError):
            client.request(**{"endpoint": "version", **strange})
    of_another_kind: list[dict[str, Any]] = [
        {"endpoint": 12},
        {"method": None},
        {"params": ["id"]},
        {"params": {1: "id"}},
        {"headers": {"X": 1}},
    ]
    for strange in of_another_kind:
        with pytest.raises(InvalidInputError, match=rf"{next(iter(strange))[:6]}.* expected a"):
            client.request(**{"endpoint": "version", **strange})
    with pytest.raises(InvalidInputError, match="digits"):
        client.organization.get(2**63)
    assert len(vcr.requests) == before


def test_rejected_body_names_the_invalid_fields(client: Client) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.request("organization", {"name": 5, "country": ["NL"]}, "post")
    assert caught.value.errors
    assert all(name in str(caught.value) for name in caught.value.errors)


def test_address_that_is_not_the_api(recorded: "Recorded") -> None:
    with Client(HOST, recorded.port, "/wrong") as client:
        with pytest.raises(ConfigurationError, match=rf"expected {HOST}:{recorded.port}/api"):
            client.authenticate("root", recorded.passwords["root"])
    with Client(HOST, recorded.port, "/") as client:
        with pytest.raises(InvalidResponseError, match="not JSON") as caught:
            client.request("socket.io/", params={"EIO": 4, "transport": "polling"})
        assert "sid" in str(caught.value.body)
    with Client(HOST, recorded.port, "/api") as client:
        assert (client.util.get_server_version())["version"]


def test_token_of_another_server_is_rejected(recorded: "Recorded") -> None:
    with Client(HOST, recorded.port) as client:
        with pytest.raises(LoginExpiredError, match="authenticate"):
            client.request("user", headers={"Authorization": "Bearer nonsense"})
