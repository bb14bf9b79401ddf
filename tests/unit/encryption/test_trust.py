"""Test which keys and collaborations are trusted."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vantage6.client import (
    ConfigurationError,
    NotEncryptedError,
    PublicKeyChangedError,
    UntrustedKeyError,
)
from vantage6.client._encryption.keys import fingerprint, generate_private_key, public_key_of
from vantage6.client._encryption.trust import (
    Trust,
    check_encryption,
    check_key,
    check_name,
    check_own_key,
    strictest,
)
from vantage6.client._storage.known_keys import Pin

SERVER = "https://server.example/api"
HQ = "https://hq.example/hq"
KEY = Pin("organization", 3, "SHA256:aaa", "Maastro Clinic")
CHANGED = Pin("organization", 3, "SHA256:bbb", "Maastro Clinic")
ENCRYPTED = Pin("collaboration", 1, "encrypted", "demo")
PLAIN = Pin("collaboration", 1, "plain", "demo")


def decompose(name: str) -> str:
    """Return a name with its accents encoded apart."""
    return unicodedata.normalize("NFD", name)


# -- keys ----------------------------------------------------------------------------------------
def test_key_is_pinned_on_first_use() -> None:
    assert check_key("first-use", [], KEY) == KEY
    assert check_key("first-use", [KEY], KEY) is None
    assert check_key("strict", [KEY], KEY) is None


def test_key_known_from_another_server_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An institute moves from a server of version 4 to HQ: a new server with the same keys."""
    file = tmp_path / "known"
    key = generate_private_key(2048)
    row: Any = {"id": 3, "name": "Maastro", "public_key": public_key_of(key)}
    own = (1, public_key_of(generate_private_key(2048)))
    mine: Any = {"id": 1, "name": "IKNL", "public_key": own[1]}
    Trust(SERVER, "first-use", file).check_keys([3], [row, mine], own)
    moved = {**row, "id": 7}
    with pytest.raises(UntrustedKeyError, match=f"You know this key of Maastro from {SERVER}"):
        Trust(HQ, "strict", file).check_keys([7], [moved, mine], own)
    other: Any = {**moved, "public_key": own[1]}
    with pytest.raises(UntrustedKeyError) as caught:
        Trust(HQ, "strict", file).check_keys([7], [other, mine], own)
    assert "You know" not in str(caught.value)
    with caplog.at_level("INFO", "vantage6.client"):
        Trust(HQ, "first-use", file).check_keys([7], [moved, mine], own)
    assert f"Known from {SERVER}: organization 7" in caplog.text
    assert f"{HQ} organization 7 {fingerprint(row['public_key'])} Maastro" in file.read_text()


@pytest.mark.parametrize("trust", ["first-use", "strict"])
def test_changed_key_is_rejected(trust: str) -> None:
    with pytest.raises(
        PublicKeyChangedError, match=r"organization\.trust\(3, 'SHA256:bbb'\)"
    ) as caught:
        check_key(trust, [KEY], CHANGED)
    error = caught.value
    assert (error.organization_id, error.known, error.server) == (3, "SHA256:aaa", "SHA256:bbb")
    assert "SHA256:aaa" in str(error)


@pytest.mark.parametrize("trust", ["first-use", "strict"])
def test_known_name_with_another_id_is_a_changed_key(trust: str) -> None:
    double = Pin("organization", 9, "SHA256:bbb", "Maastro\tClinic")
    with pytest.raises(
        PublicKeyChangedError, match=r"expected organization 3.*trust\(9, 'SHA256:b"
    ):
        check_key(trust, [KEY], double)


@pytest.mark.parametrize("trust", ["first-use", "strict"])
@pytest.mark.parametrize("form", [str.upper, str.swapcase, " {} ".format, decompose])
def test_known_name_is_noticed_in_every_form_that_resolves_to_it(
    trust: str, form: Callable[[str], str]
) -> None:
    zurich = Pin("organization", 3, "SHA256:aaa", "Zürich")
    double = Pin("organization", 9, "SHA256:bbb", form("Zürich"))
    with pytest.raises(PublicKeyChangedError) as caught:
        check_key(trust, [zurich], double)
    error = caught.value
    assert (error.organization_id, error.known, error.server) == (9, "SHA256:aaa", "SHA256:bbb")
    # The same if the other one has a key that is known under a name of its own.
    with pytest.raises(PublicKeyChangedError, match="expected organization 3"):
        check_key(trust, [zurich, replace(double, name="Genève")], double)
    assert check_key(trust, [zurich, double], double) is None, "accepted"


def test_names_of_an_organization_stay_known_after_a_change() -> None:
    renamed = replace(KEY, name="Maastricht")
    assert check_key("first-use", [KEY], renamed) == renamed
    with pytest.raises(UntrustedKeyError, match="accepted name, got Maastricht"):
        check_key("strict", [KEY], renamed)
    for name in ("MAASTRICHT", "maastro clinic"):
        other = Pin("organization", 9, "SHA256:bbb", name)
        with pytest.raises(PublicKeyChangedError, match="expected organization 3"):
            check_key("first-use", [KEY, renamed], other)
    nameless = replace(KEY, name="")
    assert check_key("strict", [nameless], KEY) == KEY, "a line without a name is of any name"
    assert check_key("strict", [KEY], nameless) is None


def test_name_of_an_encrypted_collaboration_is_not_that_of_a_plain_one() -> None:
    plain = Pin("collaboration", 9, "plain", "open")
    renamed = replace(plain, name="DEMO")
    assert check_encryption("first-use", [ENCRYPTED, plain], plain) is None
    with pytest.raises(NotEncryptedError, match="it was encrypted before"):
        check_encryption("first-use", [ENCRYPTED, plain], renamed)
    with pytest.raises(NotEncryptedError, match=r"expected collaboration 1.*trust\(9\)"):
        check_name("first-use", [ENCRYPTED, plain], renamed)
    assert check_encryption("first-use", [ENCRYPTED, renamed], renamed) is None, "accepted"


def test_strict_trust_uses_accepted_keys_only() -> None:
    with pytest.raises(UntrustedKeyError, match="SHA256:aaa") as caught:
        check_key("strict", [], KEY)
    assert not isinstance(caught.value, PublicKeyChangedError)
    assert (caught.value.organization_id, caught.value.server) == (3, "SHA256:aaa")


def test_trust_off_checks_nothing() -> None:
    assert check_key("off", [KEY], CHANGED) is None
    assert check_encryption("off", [ENCRYPTED], PLAIN) is None
    check_own_key("off", KEY, CHANGED)


def test_own_public_key_must_match_the_private_key() -> None:
    check_own_key("strict", KEY, KEY)
    with pytest.raises(PublicKeyChangedError, match="Results would be"):
        check_own_key("first-use", KEY, CHANGED)
    with pytest.raises(PublicKeyChangedError, match="got none from the server") as caught:
        check_own_key("first-use", KEY, None)
    assert (caught.value.known, caught.value.server) == ("SHA256:aaa", "")


# -- encryption ----------------------------------------------------------------------------------
def test_encryption_is_always_pinned() -> None:
    assert check_encryption("first-use", [], ENCRYPTED) == ENCRYPTED
    assert check_encryption("strict", [PLAIN], ENCRYPTED) == ENCRYPTED
    assert check_encryption("first-use", [ENCRYPTED], ENCRYPTED) is None


@pytest.mark.parametrize("trust", ["first-use", "strict"])
def test_encrypted_collaboration_must_stay_encrypted(trust: str) -> None:
    with pytest.raises(NotEncryptedError, match=r"collaboration\.trust\(1\)") as caught:
        check_encryption(trust, [ENCRYPTED], PLAIN)
    assert caught.value.collaboration_id == 1
    with pytest.raises(NotEncryptedError, match="it was encrypted before"):
        check_encryption(trust, [ENCRYPTED], Pin("collaboration", 9, "plain", "demo"))


def test_plain_collaboration_is_accepted_unless_strict() -> None:
    assert check_encryption("first-use", [], PLAIN) is None
    assert check_encryption("strict", [PLAIN], PLAIN) is None
    with pytest.raises(NotEncryptedError, match="not been accepted yet"):
        check_encryption("strict", [], PLAIN)


def test_strict_trust_accepts_no_other_name_of_a_plain_collaboration() -> None:
    renamed = replace(PLAIN, name="open")
    with pytest.raises(NotEncryptedError, match="not been accepted for that name"):
        check_encryption("strict", [PLAIN], renamed)
    assert check_encryption("strict", [PLAIN, renamed], renamed) is None
    assert check_encryption("strict", [PLAIN], replace(PLAIN, name="DEMO")) is None
    assert check_encryption("first-use", [PLAIN], renamed) is None
    nameless = replace(PLAIN, name="")
    assert check_encryption("strict", [nameless], PLAIN) is None, "written by hand, for any name"


# -- modes ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "variable", "mode"),
    [
        ([None, None], "", None),
        (["first-use"], "", "first-use"),
        (["off", "strict"], "", "strict"),
        (["strict"], "off", "strict"),
        (["off", None], "strict", "strict"),
        ([None], "off", "off"),
        (["off"], "first-use", "first-use"),
    ],
)
def test_strictest_mode_applies(given: list[Any], variable: str, mode: str | None) -> None:
    assert strictest(*given, environ={"VANTAGE6_TRUST": variable}) == mode


def test_unknown_mode_of_the_environment_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="VANTAGE6_TRUST: expected one of 'first-use'"):
        strictest(environ={"VANTAGE6_TRUST": "Strict"})


def test_encrypted_collaboration_does_not_take_over_a_known_name() -> None:
    with pytest.raises(NotEncryptedError):
        check_encryption("first-use", [ENCRYPTED], replace(ENCRYPTED, id_=9))
