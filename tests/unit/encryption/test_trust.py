"""What is known of organizations: the file that people can edit, and what is decided by it."""

import pytest

from vantage6.client import (
    ConfigurationError,
    NotEncryptedError,
    PublicKeyChangedError,
    UntrustedKeyError,
)
from vantage6.client._pins import (
    HEADER,
    Pin,
    check_encryption,
    check_key,
    check_own_key,
    read,
    server_name,
    write,
)

SERVER = "https://server.example/api"
KEY = Pin("organization", 3, "SHA256:aaa", "Maastro Clinic")
CHANGED = Pin("organization", 3, "SHA256:bbb", "Maastro Clinic")
ENCRYPTED = Pin("collaboration", 1, "encrypted", "demo")
PLAIN = Pin("collaboration", 1, "plain", "demo")


def known(*pins: Pin) -> dict[tuple[object, int], Pin]:
    return {(pin.kind, pin.id_): pin for pin in pins}


# -- the file ------------------------------------------------------------------------------------
def test_the_file_is_lines_that_people_can_read() -> None:
    assert write("", SERVER, [KEY, ENCRYPTED]) == (
        f"{HEADER}"
        "https://server.example/api organization 3 SHA256:aaa Maastro Clinic\n"
        "https://server.example/api collaboration 1 encrypted demo\n"
    )


def test_what_was_written_is_read_and_other_servers_are_left_alone() -> None:
    text = write(write("", "https://other/api", [CHANGED]), SERVER, [KEY, ENCRYPTED])
    assert read(text, SERVER, "file") == known(KEY, ENCRYPTED)
    assert read(text, "https://other/api", "file") == known(CHANGED)
    assert read(text, "https://third/api", "file") == {}


def test_what_changes_takes_its_line_and_comments_stay() -> None:
    text = f"# mine\n\n{SERVER} organization 3 SHA256:aaa  by telephone, 2026\n# the end"
    assert write(text, SERVER, [CHANGED]) == (
        f"# mine\n\n{SERVER} organization 3 SHA256:bbb Maastro Clinic\n# the end\n"
    )


def test_a_name_cannot_become_a_line() -> None:
    evil = Pin("organization", 4, "SHA256:x", f"A\n{SERVER} organization 3 SHA256:evil\x1b[2J")
    assert read(write("", SERVER, [evil]), SERVER, "file").keys() == {("organization", 4)}


def test_a_nameless_organization_is_kept_too() -> None:
    nameless = Pin("organization", 4, "SHA256:x", "")
    assert read(write("", SERVER, [nameless]), SERVER, "file") == known(nameless)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "SERVER organization ID"),
        (f"{SERVER} organization three SHA256:aaa x", "SERVER organization ID"),
        (f"{SERVER} organization 3 md5:aaa x", "SERVER organization ID SHA256"),
        (f"{SERVER} collaboration 1 perhaps demo", "encrypted"),
        (f"{SERVER} study 1 encrypted demo", "SERVER organization ID"),
        (f"{SERVER} organization 3 SHA256:aaa\n{SERVER} organization 3 SHA256:bbb", "otherwise"),
    ],
)
def test_a_line_that_is_unclear_is_not_guessed(line: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        read(f"# comment\n{line}\n", SERVER, "the-file")
    assert "the-file, line " in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://Server.Example:443/api", SERVER),
        ("https://server.example/api", SERVER),
        ("http://server.example:80/api", "http://server.example/api"),
        ("https://server.example:8443", "https://server.example:8443"),
        ("https://[::1]:7601/my api", "https://[::1]:7601/my%20api"),
    ],
)
def test_a_server_has_one_name(url: str, name: str) -> None:
    assert server_name(url) == name


# -- keys ----------------------------------------------------------------------------------------
def test_a_key_is_remembered_on_first_use_and_then_believed() -> None:
    assert check_key("first-use", {}, KEY) == KEY
    assert check_key("first-use", known(KEY), KEY) is None
    assert check_key("strict", known(KEY), KEY) is None


@pytest.mark.parametrize("trust", ["first-use", "strict"])
def test_a_changed_key_is_not_used(trust: str) -> None:
    with pytest.raises(
        PublicKeyChangedError, match=r"organization\.trust\(3, 'SHA256:bbb'\)"
    ) as caught:
        check_key(trust, known(KEY), CHANGED)
    error = caught.value
    assert (error.organization_id, error.known, error.server) == (3, "SHA256:aaa", "SHA256:bbb")
    assert "SHA256:aaa" in str(error)


@pytest.mark.parametrize("trust", ["first-use", "strict"])
def test_a_known_name_under_another_identifier_is_a_changed_key(trust: str) -> None:
    double = Pin("organization", 9, "SHA256:bbb", "Maastro\tClinic")
    with pytest.raises(PublicKeyChangedError, match="organization 3 so far"):
        check_key(trust, known(KEY), double)


def test_a_strict_client_uses_only_what_was_accepted() -> None:
    with pytest.raises(UntrustedKeyError, match="SHA256:aaa") as caught:
        check_key("strict", {}, KEY)
    assert not isinstance(caught.value, PublicKeyChangedError)
    assert (caught.value.organization_id, caught.value.server) == (3, "SHA256:aaa")


def test_nothing_is_looked_at_when_trust_is_off() -> None:
    assert check_key("off", known(KEY), CHANGED) is None
    assert check_encryption("off", known(ENCRYPTED), PLAIN) is None
    check_own_key("off", KEY, CHANGED)


def test_ones_own_key_is_held_against_the_private_key() -> None:
    check_own_key("strict", KEY, KEY)
    with pytest.raises(PublicKeyChangedError, match="Results would be"):
        check_own_key("first-use", KEY, CHANGED)


# -- encryption ----------------------------------------------------------------------------------
def test_encryption_is_remembered_whatever_was_known() -> None:
    assert check_encryption("first-use", {}, ENCRYPTED) == ENCRYPTED
    assert check_encryption("strict", known(PLAIN), ENCRYPTED) == ENCRYPTED
    assert check_encryption("first-use", known(ENCRYPTED), ENCRYPTED) is None


@pytest.mark.parametrize("trust", ["first-use", "strict"])
def test_what_was_encrypted_does_not_become_plain_by_itself(trust: str) -> None:
    with pytest.raises(NotEncryptedError, match=r"collaboration\.trust\(1\)") as caught:
        check_encryption(trust, known(ENCRYPTED), PLAIN)
    assert caught.value.collaboration_id == 1
    with pytest.raises(NotEncryptedError, match="it was before"):
        check_encryption(trust, known(ENCRYPTED), Pin("collaboration", 9, "plain", "demo"))


def test_a_plain_collaboration_is_believed_at_first_but_not_by_a_strict_client() -> None:
    assert check_encryption("first-use", {}, PLAIN) is None
    assert check_encryption("strict", known(PLAIN), PLAIN) is None
    with pytest.raises(NotEncryptedError, match="nobody has accepted"):
        check_encryption("strict", {}, PLAIN)
