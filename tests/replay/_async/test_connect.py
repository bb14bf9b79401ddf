"""Test connecting from the environment, a profile or a saved login."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from keyring.errors import KeyringLocked, NoKeyringError

from tests.support.fake_keyring import FakeKeyring
from tests.support.fake_keyring import fake_keyring as in_place
from vantage6.client import (
    AsyncClient,
    ConfigurationError,
    CredentialsNotFoundError,
    InvalidInputError,
    LoginFailedError,
    MissingDependencyError,
    NotAuthenticatedError,
    profiles,
)
from vantage6.client._auth import keyring

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]


@pytest.fixture
def fake_keyring() -> Iterator[FakeKeyring]:
    """Replace the system's keyring."""
    with in_place() as made:
        yield made


@pytest.fixture(autouse=True)
def _nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)


@pytest.fixture
def address(recorded: "Recorded", monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the server is, as the environment says it, too; and who is meant."""
    url = f"http://127.0.0.1:{recorded.port}/api"
    monkeypatch.setenv("VANTAGE6_SERVER", url)
    monkeypatch.setenv("VANTAGE6_USERNAME", "researcher")
    return url


@pytest.fixture
def password(recorded: "Recorded") -> str:
    return recorded.passwords["researcher"]


async def test_connect_from_environment(
    address: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_PASSWORD", password)
    monkeypatch.setenv("VANTAGE6_COLLABORATION", "demo")
    async with await AsyncClient.from_env(log_level=None) as client:
        assert client.base_path == address
        assert client.whoami.name == "Researcher"
        assert client.collaboration_id == 1
        assert client.saved_login.path is None
        assert repr(client.saved_login) == "<not saved>"


async def test_connect_with_key_from_environment(
    encrypted: "Recorded", key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_SERVER", f"http://127.0.0.1:{encrypted.port}/api")
    monkeypatch.setenv("VANTAGE6_USERNAME", "researcher")
    monkeypatch.setenv("VANTAGE6_PRIVATE_KEY", str(key_file))
    password = encrypted.passwords["researcher"]
    async with await AsyncClient.from_env(password=password, private_key_passphrase=None) as client:
        client.save_profile("sealed")
        assert profiles()["sealed"].private_key == key_file
        await client.setup_encryption(None)
        client.save_profile("sealed")
        assert profiles()["sealed"].private_key is None


async def test_connect_from_profile_and_saved_login(
    address: str, password: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def supply() -> str:
        return password

    async with await AsyncClient.from_env(password=supply, collaboration="demo") as client:
        file = client.saved_login.save()
        assert file == client.saved_login.path
        assert file.parent == home / "state" / "vantage6" / "sessions"
        assert client.save_profile("demo") == home / "config" / "vantage6" / "profiles.ini"
    for name in ("SERVER", "USERNAME"):
        monkeypatch.delenv(f"VANTAGE6_{name}")
    (profile,) = profiles().values()
    assert (profile.server, profile.username, profile.collaboration, profile.save) == (
        address,
        "researcher",
        "demo",
        True,
    )
    async with await AsyncClient.from_profile() as client:
        assert (client.name, client.collaboration_id) == ("Researcher", 1)
        before = file.stat().st_ino
        await client.refresh_token()
        assert file.stat().st_ino != before, "the new tokens are in it"
        assert str(file) in repr(client.saved_login)
    monkeypatch.setenv("VANTAGE6_PROFILE", "demo")
    async with await AsyncClient.from_env() as client:
        assert client.saved_login.path == file
        assert client.saved_login.forget()
        assert not client.saved_login.forget()
        assert client.name == "Researcher", "it is logged in still"


async def test_saved_login_is_resumed(
    address: str, password: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await AsyncClient.from_env(password=password) as client:
        file = client.saved_login.save(home / "login.json")
        client.saved_login.save()
    monkeypatch.delenv("VANTAGE6_SERVER")
    monkeypatch.delenv("VANTAGE6_USERNAME")
    async with await AsyncClient.from_saved_login(
        file, password=password, save=False, auto_relogin=True
    ) as client:
        assert client.name == "Researcher"
        assert client.saved_login.path is None
    async with await AsyncClient.from_saved_login() as client:
        assert client.base_path == address
        with pytest.raises(ConfigurationError, match="got the login of researcher"):
            await AsyncClient.from_saved_login(file, server="https://else.example/api")
        with pytest.raises(CredentialsNotFoundError, match="no login of root is saved"):
            await AsyncClient.from_saved_login(username="root")
        assert client.saved_login.forget()
    with pytest.raises(CredentialsNotFoundError, match="no login is saved in"):
        await AsyncClient.from_saved_login()


async def test_saved_login_of_another_user_is_not_used(
    address: str, password: str, recorded: "Recorded", home: Path
) -> None:
    async with await AsyncClient.from_env(password=password) as client:
        file = client.saved_login.save()
        await client.authenticate("root", recorded.passwords["root"])
        assert client.saved_login.path is None, "that file is the researcher's"
        assert json.loads(file.read_text())["username"] == "researcher"
    async with AsyncClient(address) as stranger:
        with pytest.raises(NotAuthenticatedError):
            stranger.saved_login.save()
    found = json.loads(file.read_text())
    stolen = home / "stolen.json"
    stolen.touch(0o600)
    stolen.write_text(json.dumps({**found, "username": "root"}))
    with pytest.raises(ConfigurationError, match="of 'root', got one of 'researcher'"):
        await AsyncClient.from_saved_login(stolen, username="root")
    async with AsyncClient(address) as stranger:
        assert stranger.saved_login.forget(), "of the only one who has one there"
        assert not stranger.saved_login.forget()


async def test_expired_saved_login_falls_back_to_login(
    address: str, password: str, home: Path
) -> None:
    async with await AsyncClient.from_env(password=password) as client:
        file = client.saved_login.save(home / "login.json")
    found = json.loads(file.read_text())
    # What the server has not signed is as good as what has expired.
    over = {**found, "refresh_token": "a.b.c", "renew_in": -1}
    file.write_text(json.dumps(over))
    with pytest.raises(CredentialsNotFoundError, match="password of researcher at http"):
        await AsyncClient.from_saved_login(file)
    async with await AsyncClient.from_saved_login(file, password=lambda: password) as client:
        assert client.saved_login.path == file
    assert json.loads(file.read_text())["renew_in"] != -1
    async with await AsyncClient.from_saved_login(file) as client:
        assert client.name == "Researcher"


async def test_password_from_keyring(
    address: str, password: str, fake_keyring: FakeKeyring, caplog: pytest.LogCaptureFixture
) -> None:
    async with await AsyncClient.from_env(password=password) as client:
        client.saved_login.remember_password(password)
    assert list(fake_keyring.held) == [(f"vantage6 {address}", "researcher")]
    async with await AsyncClient.from_env() as client:
        assert client.saved_login.forget_password()
        assert not client.saved_login.forget_password()
        with pytest.raises(CredentialsNotFoundError, match="password of"):
            await AsyncClient.from_env()
        fake_keyring.fault = KeyringLocked
        with pytest.raises(
            ConfigurationError, match="cannot store the password in the keyring: it stays shut"
        ):
            client.saved_login.remember_password(password)
        with pytest.raises(ConfigurationError, match="cannot delete the password"):
            client.saved_login.forget_password()
        for fake_keyring.fault in (KeyringLocked, NoKeyringError):
            with pytest.raises(CredentialsNotFoundError, match="password of"):
                await AsyncClient.from_env()
        assert "Cannot open the keyring: it stays shut" in caplog.text
    async with AsyncClient(address) as stranger:
        with pytest.raises(NotAuthenticatedError):
            stranger.saved_login.remember_password(password)


async def test_keyring_is_optional(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError) as caught:
        await AsyncClient.from_env()
    for way in ("password=", "VANTAGE6_PASSWORD", "saved_login.save()", "keyring", "terminal"):
        assert way in str(caught.value)
    async with AsyncClient(address) as client:
        client._core.state.username = "researcher"
        with pytest.raises(MissingDependencyError, match=r"vantage6-sdk\[keyring\]"):
            client.saved_login.forget_password()


async def test_prompt_for_password(
    address: str, password: str, fake_keyring: FakeKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = ["", EOFError(), password]

    def answer(question: str) -> str:
        asked.append(question)
        given = answers.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    monkeypatch.setattr("getpass.getpass", answer)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    for _ in range(2):
        with pytest.raises(
            InvalidInputError, match=r"Password of .*: expected a value, got no input"
        ):
            await AsyncClient.from_env()
    async with await AsyncClient.from_env() as client:
        assert client.name == "Researcher"
    assert asked == [f"Password of researcher at {address}: "] * 3


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"password": 12}, "password: expected a str or a function .*, got int"),
        ({"password": lambda: 12}, "password: expected a str or a function .*, got int"),
        ({"password": ""}, "password: expected a password, got an empty string"),
        ({"password": "x", "mfa_code": 1.5}, "mfa_code: expected a str or an int"),
    ],
)
async def test_invalid_password_is_not_sent(
    address: str, options: dict[str, Any], hint: str
) -> None:
    with pytest.raises(InvalidInputError, match=hint):
        await AsyncClient.from_env(**options)


async def test_wrong_password_is_reported(address: str) -> None:
    with pytest.raises(LoginFailedError):
        await AsyncClient.from_env(password="Not-It-1815", save=True)


async def test_all_missing_settings_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"VANTAGE6_SERVER.*VANTAGE6_USERNAME.*_PASSWORD"):
        await AsyncClient.from_env()
    with pytest.raises(ConfigurationError, match="no profiles yet"):
        await AsyncClient.from_profile("demo")
    with pytest.raises(TypeError, match="Did you mean 'username'"):
        await AsyncClient.from_env(usrname="ada")  # type: ignore[call-arg]


async def test_invalid_profile_values_are_reported() -> None:
    address = "http://127.0.0.1:1"
    async with AsyncClient(address, cert=("a.pem", "key.pem")) as client:
        with pytest.raises(ConfigurationError, match="expected one file"):
            client.save_profile("two")
    async with AsyncClient(address, proxy="http://u:hush@proxy.example") as client:
        with pytest.raises(
            ConfigurationError, match="username and password do not belong"
        ) as caught:
            client.save_profile("proxied")
        assert "hush" not in str(caught.value)
    async with AsyncClient(address, cert="a.pem", proxy="http://proxy.example") as client:
        client.save_profile("whole")
        assert profiles()["whole"].cert == Path("a.pem").absolute()
        assert profiles()["whole"].proxy == "http://proxy.example"
    async with AsyncClient("http://127.0.0.1:1", path="") as client:
        with pytest.raises(ConfigurationError, match="expected an address with a path"):
            client.save_profile("root")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[a]\npassword = hush", "does not belong"),
        ("[a]\nuser_name = x", "Did you mean 'username'"),
        ("[a]\nserver = x\n y", "must not be indented"),
        ("[a]\nserver = x", "starts with https"),
        ("[a]\nsave = x", "true or false"),
        ("[a]\nproxy = http://u:p@proxy.example", "username and password do not belong"),
        ("[a]\nproxy = x", "proxy: expected the address of a proxy"),
        ("[a]\nserver = http://127.0.0.1:1\nproxy = off\ncert = x.pem", "USERNAME"),
        ("[a]\n[a]", "got a duplicate"),
        ("a = x", "line 1: expected a profile"),
        ("[b]\n[c]", "not found in .*Use one of: b, c"),
    ],
)
async def test_unknown_profile_keys_are_reported(
    text: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_PROFILES", str(tmp_path / "profiles.ini"))
    (tmp_path / "profiles.ini").write_text(text)
    with pytest.raises(ConfigurationError, match=hint):
        await AsyncClient.from_profile("a")


@pytest.mark.posix
async def test_unreadable_files_are_reported(
    address: str, password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_PROFILES", str(tmp_path))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        await AsyncClient.from_profile()
    link, other = tmp_path / "link.json", tmp_path / "other.json"
    async with await AsyncClient.from_env(password=password) as client:
        link.symlink_to(client.saved_login.save(other))
        with pytest.raises(ConfigurationError, match="it is a link"):
            await AsyncClient.from_saved_login(link)
        other.chmod(0o644)
        with pytest.raises(ConfigurationError, match="Other users of this machine"):
            await AsyncClient.from_saved_login(other)
        other.chmod(0o600)
        await (await AsyncClient.from_saved_login(other, save=False)).close()
        other.write_text("{}")
        with pytest.raises(ConfigurationError, match="expected a saved login"):
            await AsyncClient.from_saved_login(other)
        with pytest.raises(ConfigurationError, match="cannot save the login to"):
            client.saved_login.save(tmp_path / "nowhere" / "login.json")
        for name in ("one.json", "two.json"):
            client.saved_login.save(client.saved_login.save().with_name(name))
        with pytest.raises(ConfigurationError, match="saved login: expected one, got several"):
            await AsyncClient.from_saved_login()
