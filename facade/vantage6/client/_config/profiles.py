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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from vantage6.bindings.secret import Secret

from .._encryption.key_files import KeySource, key_source
from .._encryption.trust import TrustMode, trust_mode
from .._http.address import API_PATH, HQ_PATH, Address
from .._http.proxy import check_proxy
from .._storage.files import atomic_write, file_lock, file_path, read_text
from .._storage.permissions import check_access
from .._utils.text import suggest
from .._utils.urls import canonical_url
from ..errors import ConfigurationError
from .environment import PROFILE, PROFILES

KEYS = (
    *("server", "username", "collaboration", "private_key"),
    *("verify", "cert", "proxy", "save", "trust"),
    *("auth_url", "auth_realm", "auth_client", "auth_verify"),
    *("service_account", "client_secret_file"),
)
SECRET_KEYS = ("password", "passphrase", "private_key_passphrase", "mfa_code", "token", "secret")
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
SECTION = re.compile(r"\[(?P<name>.+)\]")
LOGIN_ADVICE = (
    "Pass password=, as text or a function that returns it; or set VANTAGE6_PASSWORD; or log in "
    "once interactively, and save the login with client.saved_login.save(), or the password with "
    "client.saved_login.remember_password(), which requires the extra 'keyring'; or run this in a "
    "terminal or a notebook, where the client prompts for it."
)


# ---- profile file --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Profile:
    """A server and an account under a short name: one section of the profile file.

    Attributes
    ----------
    name : str
        Name of the profile.
    server : str or None
        Full address of the API, such as ``"https://server.example/api"``.
    username : str or None
        Name of the account.
    collaboration : str or None
        Name or id of the collaboration for methods that are called without one.
    private_key : Path, str or None
        File with the private key of the organization, or the text of the key.
    verify : bool or Path
        Certificates to trust, as the client's `verify`.
    cert : Path or None
        File with the client certificate and its key.
    proxy : str, False or None
        Proxy to use, as the client's `proxy`; without a login.
    save : bool or None
        Whether to save logins for the next time; None to continue as before.
    trust : str or None
        How far to trust the server, as the client's `trust`. The strictest value applies.
    auth_url, auth_realm, auth_client : str or None
        Where users of HQ log in, as the arguments of the client.
    auth_verify : bool or Path
        Certificates to trust there, as the client's `auth_verify`.
    service_account : str or None
        Name of the service account that programs log in with at HQ.
    client_secret_file : Path or None
        File with the secret of the service account, which only its owner can read.
    """

    name: str
    server: str | None = None
    username: str | None = None
    collaboration: str | None = None
    private_key: KeySource | None = None
    verify: bool | Path = True
    cert: Path | None = None
    proxy: str | Literal[False] | None = None
    save: bool | None = None
    trust: TrustMode | None = None
    auth_url: str | None = None
    auth_realm: str | None = None
    auth_client: str | None = None
    auth_verify: bool | Path = True
    service_account: str | None = None
    client_secret_file: Path | None = None

    def applies_to(
        self,
        server: str | None = None,
        auth_url: str | None = None,
        auth_realm: str | None = None,
    ) -> bool:
        """Return whether the profile is for a server and a realm: its own, or any if it names none.

        Parameters
        ----------
        server : str, optional
            Full address of the API; by default that of the profile.
        auth_url, auth_realm : str, optional
            Where users of HQ log in; by default where the profile says.

        Returns
        -------
        bool
            Whether the settings of the profile are used for that server and realm.

        Examples
        --------
        >>> from vantage6.client import Profile
        >>> demo = Profile("demo", server="https://server.example/api")
        >>> demo.applies_to("https://server.example")
        True
        >>> demo.applies_to("https://other.example")
        False
        """
        default = HQ_PATH if self.auth_url else API_PATH
        addresses = {
            canonical_url(Address.parse(each, default=default).url)
            for each in (self.server, server)
            if each
        }
        return len(addresses) < 2 and self._is_at(auth_url, auth_realm)

    def _is_at(self, auth_url: str | None, auth_realm: str | None) -> bool:
        if not (self.auth_url and (auth_url or auth_realm)):
            return True
        from .._auth.realm import Realm  # not at the top: clients of servers 4.x start without it

        url = auth_url or self.auth_url
        name = auth_realm or (None if "/realms/" in url else self.auth_realm)
        own, other = Realm.parse(self.auth_url, self.auth_realm), Realm.parse(url, name)
        return canonical_url(own.url) == canonical_url(other.url)


def read_profiles(text: str, source: Path) -> dict[str, Profile]:
    """Parse the text of a profile file."""
    parser = ConfigParser(interpolation=None, delimiters=("=",), default_section="")
    problem = None
    try:
        parser.read_string(text)
    except (DuplicateSectionError, DuplicateOptionError) as error:
        problem = f"line {error.lineno}: expected each profile and key once, got a duplicate"
    except ParsingError as error:
        first = error.lineno if isinstance(error, MissingSectionHeaderError) else error.errors[0][0]
        problem = (
            f"line {first}: expected a profile, which is a line '[name]' followed by lines such as "
            "'server = https://server.example/api', got something else"
        )
    if problem:  # outside of the blocks above: their errors hold the lines
        raise ConfigurationError(f"{source}, {problem}")
    return {name: _profile(name, dict(parser[name]), source) for name in parser.sections()}


def _profile(name: str, section: dict[str, str], source: Path) -> Profile:
    location = f"{source}, profile [{name}]"
    values: dict[str, str] = {}
    for key, value in section.items():
        values[_known_key(key, location)] = value
        if "\n" in value and key != "private_key":
            raise ConfigurationError(f"{location}: the line after {key!r} must not be indented")
    folder = source.parent
    save = values.get("save")
    if save and save.lower() not in BOOLEANS:
        raise ConfigurationError(f"{location}: save: expected true or false, got {save!r}")
    key, cert, trust = values.get("private_key"), values.get("cert"), values.get("trust")
    server, file = values.get("server") or None, values.get("client_secret_file")
    if server:
        try:
            Address.parse(server)
        except ConfigurationError as error:
            raise ConfigurationError(f"{location}: {error}") from None
    return Profile(
        name=name,
        server=server,
        username=values.get("username") or None,
        collaboration=values.get("collaboration") or None,
        private_key=_private_key(key, location, source) if key else None,
        verify=verify_setting(values.get("verify"), folder),
        cert=folder / Path(cert).expanduser() if cert else None,
        proxy=_proxy(values.get("proxy"), location),
        save=BOOLEANS[save.lower()] if save else None,
        trust=trust_mode(trust, f"{location}: trust") if trust else None,
        auth_url=values.get("auth_url") or None,
        auth_realm=values.get("auth_realm") or None,
        auth_client=values.get("auth_client") or None,
        auth_verify=verify_setting(values.get("auth_verify"), folder),
        service_account=values.get("service_account") or None,
        client_secret_file=folder / Path(file).expanduser() if file else None,
    )


def _private_key(value: str, location: str, source: Path) -> KeySource:
    key = key_source(value, f"{location}: private_key")
    if isinstance(key, Path):
        return source.parent / key
    check_access(source, str(source), is_secret=True)
    return key


def _known_key(key: str, location: str) -> str:
    name = key.replace("-", "_")
    if name in KEYS:
        return name
    if name in SECRET_KEYS or "password" in name:
        raise ConfigurationError(
            f"{location}: {key!r} does not belong in a file that people copy and show. Remove it, "
            f"and use another method. {LOGIN_ADVICE}"
        )
    raise ConfigurationError(f"{location}: unknown key {key!r}. {suggest(name, KEYS)}")


def verify_setting(value: str | None, folder: Path) -> bool | Path:
    if not value:
        return True
    boolean = BOOLEANS.get(value.lower())
    return folder / Path(value).expanduser() if boolean is None else boolean


def _proxy(value: str | None, location: str) -> str | Literal[False] | None:
    if not value:
        return None
    if BOOLEANS.get(value.lower()) is False:
        return False
    if "@" in value:
        raise ConfigurationError(
            f"{location}: a proxy's username and password do not belong in a file that people copy "
            "and show. Remove the proxy, and pass its address as proxy= or in the environment "
            "variable HTTPS_PROXY (HTTP_PROXY if the server's address starts with http:)."
        )
    return check_proxy(value, f"{location}: proxy")


def choose_profile(
    profiles: Mapping[str, Profile], name: str | None, source: Path, chosen: str | None
) -> Profile:
    """Choose a profile: the named one, the only one, or `default`."""
    choice = name or chosen or (next(iter(profiles)) if len(profiles) == 1 else "default")
    if choice in profiles:
        return profiles[choice]
    if not profiles:
        raise ConfigurationError(
            f"profile {choice!r}: not found, because {source} has no profiles yet. Create one with "
            f"client.save_profile({choice!r}), or write a line '[{choice}]', followed by "
            "'server = https://server.example/api' and 'username = …'."
        )
    if not (name or chosen):
        raise ConfigurationError(
            f"{source}: expected the name of a profile, got none. Pass one of "
            f"{', '.join(sorted(profiles))}."
        )
    raise ConfigurationError(
        f"profile {choice!r}: not found in {source}. {suggest(choice, sorted(profiles))}"
    )


def update_profile_text(text: str, profile: Profile, source: Path) -> str:
    """Return the text of a profile file with a profile in it, and everything else unchanged."""
    read_profiles(text, source)  # do not change a file that cannot be read
    if not re.fullmatch(r"[\w.@-]+", profile.name):
        raise ConfigurationError(
            f"profile name: expected letters, digits, '.', '-', '_' and '@', got {profile.name!r}"
        )
    _proxy(profile.proxy or None, f"profile {profile.name!r}")
    before, after = _split_at_section(text.splitlines(), profile.name)
    block = [f"[{profile.name}]", *_lines(profile)]
    parts = ["\n".join(lines).strip("\n") for lines in (before, block, after)]
    written = "\n\n".join(part for part in parts if part) + "\n"
    read_profiles(written, source)
    return written


def _split_at_section(lines: list[str], name: str) -> tuple[list[str], list[str]]:
    """Return the lines before and after a section; all lines and none if it does not exist."""
    heads = [(n, match["name"]) for n, line in enumerate(lines) if (match := SECTION.match(line))]
    start = next((n for n, head in heads if head == name), None)
    if start is None:
        return lines, []
    end = next((n for n, _ in heads if n > start), len(lines))
    return lines[:start], lines[end:]


def _lines(profile: Profile) -> list[str]:
    values: dict[str, object] = {key: getattr(profile, key) for key in KEYS}
    for name in ("verify", "auth_verify"):
        if values[name] is True:
            values[name] = None  # the default
    lines: list[str] = []
    for key, value in values.items():
        if value is None:
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if key == "private_key" and isinstance(value, Secret):
            lines.append(f"{key} = " + "\n  ".join(value.strip().splitlines()))
            continue
        # The server supplies the names of users and collaborations, and many characters end a line:
        # the rest of a name would become a line of its own, or another profile.
        if not text.isprintable() or text != text.strip():
            raise ConfigurationError(
                f"{key}: expected printable text on one line, without outer spaces, for a profile, "
                f"got {text!r}"
            )
        lines.append(f"{key} = {text}")
    return lines


def _complete(profile: Profile, earlier: Profile) -> Profile:
    """Return a profile with what a client does not know of the one that it replaces."""
    if isinstance(earlier.private_key, Secret):  # it may be the only copy
        if profile.private_key not in (None, earlier.private_key) or not (
            profile.server and earlier.applies_to(profile.server)
        ):
            raise ConfigurationError(
                f"profile {profile.name!r}: expected one without the text of a private key, which "
                "would be lost. Move the key to a file, or choose another name."
            )
        profile = replace(profile, private_key=earlier.private_key)
    if not (profile.server and earlier.applies_to(profile.server)):
        return profile
    is_at_realm = profile.auth_url and earlier.applies_to(profile.server, profile.auth_url)
    is_same_account = is_at_realm and profile.username in (None, earlier.service_account)
    if earlier.service_account and is_same_account:
        kept = earlier.service_account, earlier.client_secret_file
        profile = replace(profile, service_account=kept[0], client_secret_file=kept[1])
    return profile if profile.save is not None else replace(profile, save=earlier.save)


# ---- access to the file --------------------------------------------------------------------------


def profiles_path() -> Path:
    """Return the path of the profile file: from the environment, or else the user's default."""
    if chosen := os.environ.get(PROFILES):
        return file_path(chosen, PROFILES)
    from platformdirs import user_config_path

    return user_config_path("vantage6", appauthor=False) / "profiles.ini"


def profiles() -> dict[str, Profile]:
    """Read all profiles.

    Returns
    -------
    dict of str to Profile
        Profiles by name; empty if there is no profile file.

    Raises
    ------
    ConfigurationError
        If the profile file cannot be read, or contains something that does not belong there.

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
    return choose_profile(profiles(), name, profiles_path(), os.environ.get(PROFILE) or None)


def save_profile(profile: Profile) -> Path:
    """Write a profile to the profile file, in place of one with the same name."""
    path = profiles_path().resolve()  # replace the target of a link, not the link
    try:
        with file_lock(path):
            before = read_text(path)
            earlier = read_profiles(before, path).get(profile.name)
            if earlier:
                profile = _complete(profile, earlier)
            text = update_profile_text(before, profile, path)
            with atomic_write(path) as file:
                file.write(text.encode())
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
    return path
