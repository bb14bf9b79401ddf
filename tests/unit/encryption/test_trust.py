"""Test which keys and collaborations are trusted."""

import pytest

from vantage6.client import (
    NotEncryptedError,
    PublicKeyChangedError,
    UntrustedKeyError,
)
from vantage6.client._encryption.trust import check_encryption, check_key, check_own_key
from vantage6.client._storage.known_keys import Pin

SERVER = "https://server.example/api"
KEY = Pin("organization", 3, "SHA256:aaa", "Maastro Clinic")
CHANGED = Pin("organization", 3, "SHA256:bbb", "Maastro Clinic")
ENCRYPTED = Pin("collaboration", 1, "encrypted", "demo")
PLAIN = Pin("collaboration", 1, "plain", "demo")


def known(*pins: Pin) -> dict[tuple[object, int], Pin]:
    return {(pin.kind, pin.id_): pin for pin in pins}


# -- keys ----------------------------------------------------------------------------------------
def test_key_is_pinned_on_first_use() -> None:
    assert check_key("first-use", {}, KEY) == KEY
    assert check_key("first-use", known(KEY), KEY) is None
    assert check_key("strict", known(KEY), KEY) is None


@pytest.mark.parametrize("trust", ["first-use", "strict"])
def test_changed_key_is_rejected(trust: str) -> None:
    with pytest.raises(
        PublicKeyChangedError, match=r"organization\.trust\(3, 'SHA256:bbb'\)"
    ) as caught:
        check_key(trust, known(KEY), CHANGED)
    error = caught.value
    assert (error.organization_id, error.known, error.server) == (3, "SHA256:aaa", "SHA256:bbb")
    assert "SHA256:aaa" in str(error)


@pytest.mark.parametrize("trust", ["first-use", "strict"])
def test_known_name_with_another_id_is_a_changed_key(trust: str) -> None:
    double = Pin("organization", 9, "SHA256:bbb", "Maastro\tClinic")
    with pytest.raises(PublicKeyChangedError, match="previously organization 3"):
        check_key(trust, known(KEY), double)


def test_strict_trust_uses_accepted_keys_only() -> None:
    with pytest.raises(UntrustedKeyError, match="SHA256:aaa") as caught:
        check_key("strict", {}, KEY)
    assert not isinstance(caught.value, PublicKeyChangedError)
    assert (caught.value.organization_id, caught.value.server) == (3, "SHA256:aaa")


def test_trust_off_checks_nothing() -> None:
    assert check_key("off", known(KEY), CHANGED) is None
    assert check_encryption("off", known(ENCRYPTED), PLAIN) is None
    check_own_key("off", KEY, CHANGED)


def test_own_public_key_must_match_the_private_key() -> None:
    check_own_key("strict", KEY, KEY)
    with pytest.raises(PublicKeyChangedError, match="Results would be"):
        check_own_key("first-use", KEY, CHANGED)


# -- encryption ----------------------------------------------------------------------------------
def test_encryption_is_always_pinned() -> None:
    assert check_encryption("first-use", {}, ENCRYPTED) == ENCRYPTED
    assert check_encryption("strict", known(PLAIN), ENCRYPTED) == ENCRYPTED
    assert check_encryption("first-use", known(ENCRYPTED), ENCRYPTED) is None


@pytest.mark.parametrize("trust", ["first-use", "strict"])
def test_encrypted_collaboration_must_stay_encrypted(trust: str) -> None:
    with pytest.raises(NotEncryptedError, match=r"collaboration\.trust\(1\)") as caught:
        check_encryption(trust, known(ENCRYPTED), PLAIN)
    assert caught.value.collaboration_id == 1
    with pytest.raises(NotEncryptedError, match="it was encrypted before"):
        check_encryption(trust, known(ENCRYPTED), Pin("collaboration", 9, "plain", "demo"))


def test_plain_collaboration_is_accepted_unless_strict() -> None:
    assert check_encryption("first-use", {}, PLAIN) is None
    assert check_encryption("strict", known(PLAIN), PLAIN) is None
    with pytest.raises(NotEncryptedError, match="not been accepted yet"):
        check_encryption("strict", {}, PLAIN)
