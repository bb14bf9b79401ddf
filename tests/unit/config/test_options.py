"""Test the options for address, timeouts and log level."""

import logging
from collections.abc import Iterator

import pytest

from vantage6.client import ConfigurationError, Timeouts
from vantage6.client._config.options import mask_options, show_log
from vantage6.client._http.address import Address
from vantage6.client._utils.logging import LOGGER


def test_options_hide_passphrases_and_the_login_of_a_proxy() -> None:
    masked = mask_options(
        {
            "private_key_passphrase": "hush-1",
            "cert": ("me.crt", "me.key", "hush-2"),
            "proxy": "http://ada:hush-3@proxy.example",
        }
    )
    assert "hush" not in repr(masked)
    assert masked["cert"] == ("me.crt", "me.key", "hush-2")
    assert masked["proxy"] == "http://ada:hush-3@proxy.example"
    assert mask_options({"verify": False}) == {"verify": False}


@pytest.mark.parametrize(
    ("host", "port", "path", "url"),
    [
        ("http://localhost", 7601, "/api", "http://localhost:7601/api"),
        ("https://server.example/", 443, "/api", "https://server.example:443/api"),
        ("https://server.example", None, "/api", "https://server.example/api"),
        ("https://server.example", "443", "api/", "https://server.example:443/api"),
        ("http://localhost:7601", None, "", "http://localhost:7601"),
        ("http://localhost:7601", 7601, "/", "http://localhost:7601"),
        ("http://[::1]", 80, "/a/b", "http://[::1]:80/a/b"),
        ("https://server.example/api", None, None, "https://server.example/api"),
        ("https://server.example:7601/v6/api/", None, None, "https://server.example:7601/v6/api"),
        ("https://server.example/api", 7601, "api", "https://server.example:7601/api"),
        ("https://server.example", None, None, "https://server.example/api"),
        ("https://server.example/", None, None, "https://server.example/api"),
        ("https://server.example/", None, "", "https://server.example"),
    ],
)
def test_address_is_read_in_common_forms(
    host: str, port: int | str | None, path: str | None, url: str
) -> None:
    assert Address.parse(host, port, path).url == url


@pytest.mark.parametrize(
    ("host", "port", "hint"),
    [
        ("localhost", 7601, "starts with https://"),
        ("localhost:7601", None, "starts with https://"),
        ("ftp://server", 21, "starts with https://"),
        ("https://", 443, "starts with https://"),
        ("https://server/v6", 443, "path of the host, 'v6', .* got '/api'"),
        ("https://server/api?page=1", 443, "ends with the path"),
        ("https://server/api#top", 443, "ends with the path"),
        ("https://me:secret@server", 443, "authenticate"),
        ("http://server:1", 2, "port of the host, 1, .* got 2"),
        ("http://server:99999", None, "expected an address .* got 'http://server:99999'"),
        ("http://server", 0, "1 to 65535"),
        ("http://server", "api", "1 to 65535"),
    ],
)
def test_invalid_address_is_rejected_with_a_hint(
    host: str, port: int | str | None, hint: str
) -> None:
    with pytest.raises(ConfigurationError, match=hint) as caught:
        Address.parse(host, port, "/api")
    assert "secret" not in str(caught.value)


def test_number_as_timeout_applies_to_all_phases() -> None:
    assert Timeouts.of(5) == Timeouts(connect=5, read=5, write=5, pool=5, total=5)
    assert Timeouts.of(None) == Timeouts()
    with pytest.raises(ConfigurationError, match="read timeout"):
        Timeouts(read=0)


@pytest.fixture
def own_logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restore the logger after a test."""
    monkeypatch.setattr(LOGGER, "handlers", [])
    level = LOGGER.level
    yield
    LOGGER.setLevel(level)


@pytest.mark.usefixtures("own_logger")
def test_log_messages_are_printed_once_from_their_level(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])  # those of pytest
    level = root.level
    show_log("debug")
    show_log("INFO")
    LOGGER.debug("too quiet")
    LOGGER.info("loud enough")
    assert capsys.readouterr().err == "loud enough\n"
    assert (root.level, root.handlers) == (level, [])


@pytest.mark.usefixtures("own_logger")
def test_configured_logging_gets_no_duplicates(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
    show_log("info")
    LOGGER.info("theirs to show")
    assert capsys.readouterr().err == ""


def test_unknown_log_level_is_rejected() -> None:
    with pytest.raises(ConfigurationError, match="debug, info"):
        show_log("loud")
