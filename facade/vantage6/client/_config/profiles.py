"""Profiles: named servers and accounts in the profile file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    MissingSectionHeaderError,
    ParsingError,
)
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from .._http.address import Address
from .._http.proxy import check_proxy
from .._storage.files import atomic_write, file_lock, read_text
from ..errors import ConfigurationError

KEYS = ("server", "username", "collaboration", "private_key", "verify", "cert", "proxy", "save")
SECRET_KEYS = ("password", "passphrase", "private_key_passphrase", "mfa_code", "token", "secret")
BOOLEANS = {
    word: word in ("true", "yes", "on") for word in ["true", "yes", "on", "false", "no", "off"]
}
SECTION = re.compile(r"\[(?P<name>.+)\]")
LOGIN_ADVICE = (
    "give password=, a text or a function that supplies it; or set VANTAGE6_PASSWORD; or log in "
    "once where you can be asked, and keep the login with client.saved_login.save(), or the "
    "password with client.saved_login.remember_password(), which needs the extra 'keyring'; or "
    "start this in a terminal or a notebook, which asks for it"
)


# ---- profiles ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Profile:
    """A server and an account under a short name, as a section of the profile file has it.

    Attributes
    ----------
    name : str
        What the profile is called.
    server : str or None
        The whole address of the API, such as ``"https://server.example/api"``.
    username : str or None
        The account.
    collaboration : str or None
        The collaboration for methods that are not given one: its name or id.
    private_key : Path or None
        The private key of the organization.
    verify : bool or Path
        Whose certificates to trust, as the client's `verify`.
    cert : Path or None
        The certificate to show, with its key: one file.
    proxy : str, False or None
        The proxy to go through, as the client's `proxy`; without a login.
    save : bool or None
        Whether logins are kept for the next time; None to go on as before.
    """

    name: str
    server: str | None = None
    username: str | None = None
    collaboration: str | None = None
    private_key: Path | None = None
    verify: bool | Path = True
    cert: Path | None = None
    proxy: str | Literal[False] | None = None
    save: bool | None = None


def read_profiles(text: str, source: Path) -> dict[str, Profile]:
    """Read a profile file."""
    parser = ConfigParser(interpolation=None, delimiters=("=",), default_section="")
    try:
        parser.read_string(text)
    except (DuplicateSectionError, DuplicateOptionError) as error:
        raise ConfigurationError(f"{source}, line {error.lineno}: this is there twice") from None
    except ParsingError as error:
        first = error.lineno if isinstance(error, MissingSectionHeaderError) else error.errors[0][0]
        raise ConfigurationError(
            f"{source}, line {first}: a profile is a line '[name]', and lines such as "
            "'server = https://server.example/api' below it"
        ) from None
    return {name: _profile(name, dict(parser[name]), source) for name in parser.sections()}


def _profile(name: str, found: dict[str, str], source: Path) -> Profile:
    where = f"{source}, profile [{name}]"
    values: dict[str, str] = {}
    for key, value in found.items():
        values[_known_key(key, where)] = value
        if "\n" in value:
            raise ConfigurationError(f"{where}: the line after {key!r} must not be indented")
    folder = source.parent
    save = values.get("save")
    if save and save.lower() not in BOOLEANS:
        raise ConfigurationError(f"{where}: save must be true or false, not {save!r}")
    key, cert = values.get("private_key"), values.get("cert")
    server = values.get("server") or None
    if server:
        _checked(server, where)
    return Profile(
        name=name,
        server=server,
        username=values.get("username") or None,
        collaboration=values.get("collaboration") or None,
        private_key=folder / Path(key).expanduser() if key else None,
        verify=verify_setting(values.get("verify"), folder),
        cert=folder / Path(cert).expanduser() if cert else None,
        proxy=_proxy(values.get("proxy"), where),
        save=BOOLEANS[save.lower()] if save else None,
    )


def _checked(server: str, where: str) -> str:
    try:
        return Address.parse(server).url
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}") from None


def _known_key(key: str, where: str) -> str:
    plain = key.replace("-", "_")
    if plain in KEYS:
        return plain
    if plain in SECRET_KEYS or "password" in plain:
        raise ConfigurationError(
            f"{where}: {key!r} does not belong in a file that is copied and shown; "
            f"take it out, and choose another way: {LOGIN_ADVICE}"
        )
    near = get_close_matches(plain, KEYS, n=2)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"use {', '.join(KEYS)}"
    raise ConfigurationError(f"{where}: there is no key {key!r}; {hint}")


def verify_setting(value: str | None, folder: Path) -> bool | Path:
    if not value:
        return True
    known = BOOLEANS.get(value.lower())
    return folder / Path(value).expanduser() if known is None else known


def _proxy(value: str | None, where: str) -> str | Literal[False] | None:
    if not value:
        return None
    if BOOLEANS.get(value.lower()) is False:
        return False
    if "@" in value:
        raise ConfigurationError(
            f"{where}: a proxy's username and password do not belong in a file that is copied and "
            "shown; take the proxy out, and give its address as proxy= or in the environment "
            "variable HTTPS_PROXY (HTTP_PROXY where the server's address begins with http:)"
        )
    return check_proxy(value, f"{where}: proxy")


def choose_profile(
    profiles: Mapping[str, Profile], name: str | None, source: Path, chosen: str | None
) -> Profile:
    """Find the profile that is meant."""
    wanted = name or chosen or (next(iter(profiles)) if len(profiles) == 1 else "default")
    if wanted in profiles:
        return profiles[wanted]
    if not profiles:
        raise ConfigurationError(
            f"there is no profile {wanted!r}: {source} has none yet; make one with "
            f"client.save_profile({wanted!r}), or write a line '[{wanted}]' and below it "
            "'server = https://server.example/api' and 'username = …'"
        )
    near = get_close_matches(wanted, profiles, n=2, cutoff=0.5) or sorted(profiles)
    if not (name or chosen):
        raise ConfigurationError(f"say which profile of {source}: {', '.join(sorted(profiles))}")
    raise ConfigurationError(
        f"{source} has no profile {wanted!r}; did you mean {' or '.join(map(repr, near))}?"
    )


def update_profile_text(text: str, profile: Profile, source: Path) -> str:
    """Convert a profile into a profile file, in place of one of the same name; all else stays."""
    read_profiles(text, source)  # what cannot be read is not to be changed either
    if not re.fullmatch(r"[\w.@-]+", profile.name):
        raise ConfigurationError(
            f"a profile is called by letters, digits, '.', '-', '_' and '@', not {profile.name!r}"
        )
    _proxy(profile.proxy or None, f"profile {profile.name!r}")
    before, after = _split_at_section(text.splitlines(), profile.name)
    block = [f"[{profile.name}]", *_lines(profile)]
    parts = ["\n".join(lines).strip("\n") for lines in (before, block, after)]
    written = "\n\n".join(part for part in parts if part) + "\n"
    read_profiles(written, source)
    return written


def _split_at_section(lines: list[str], name: str) -> tuple[list[str], list[str]]:
    """Return the lines before and after a section, or all and none where it is not there."""
    heads = [(n, match["name"]) for n, line in enumerate(lines) if (match := SECTION.match(line))]
    places = [n for n, head in heads if head == name]
    if not places:
        return lines, []
    following = [n for n, _ in heads if n > places[0]]
    return lines[: places[0]], lines[following[0] :] if following else []


def _lines(profile: Profile) -> list[str]:
    values: dict[str, object] = {key: getattr(profile, key) for key in KEYS}
    if values["verify"] is True:
        values["verify"] = None  # as by default
    lines: list[str] = []
    for key, value in values.items():
        if value is None:
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        # The server says what users and collaborations are called, and there are many ways to end
        # a line: what follows would be a line of its own, or another profile.
        if not text.isprintable() or text != text.strip():
            raise ConfigurationError(f"{key} cannot stand in a profile: {text!r}")
        lines.append(f"{key} = {text}")
    return lines


PROFILES_VARIABLE = "VANTAGE6_PROFILES"
PROFILE_VARIABLE = "VANTAGE6_PROFILE"


# ---- profiles ------------------------------------------------------------------------------------


def profiles_path() -> Path:
    """Return the profile file: that of the environment, or else the user's own."""
    if chosen := os.environ.get(PROFILES_VARIABLE):
        return Path(chosen)
    from platformdirs import user_config_path

    return user_config_path("vantage6", appauthor=False) / "profiles.ini"


def profiles() -> dict[str, Profile]:
    """Read the profiles that there are.

    Returns
    -------
    dict of str to Profile
        The profiles by their names; empty if there is no profile file.

    Raises
    ------
    ConfigurationError
        When the profile file cannot be read, or holds what does not belong there.

    Examples
    --------
    >>> from vantage6.client import profiles
    >>> for profile in profiles().values():
    ...     print(profile.name, profile.server, profile.username)
    demo https://server.example/api ada
    """
    path = profiles_path()
    return read_profiles(read_text(path), path)


def find_profile(name: str | None) -> Profile:
    """Find a profile."""
    return choose_profile(
        profiles(), name, profiles_path(), os.environ.get(PROFILE_VARIABLE) or None
    )


def save_profile(profile: Profile) -> Path:
    """Write a profile into the profile file, in place of one of the same name."""
    path = profiles_path().resolve()  # what a link points to is to be replaced, not the link
    try:
        with file_lock(path):
            text = update_profile_text(read_text(path), profile, path)
            with atomic_write(path) as file:
                file.write(text.encode())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None
    return path
