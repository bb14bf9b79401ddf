"""What to connect to, and as whom: from arguments, the environment and a profile file (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    MissingSectionHeaderError,
    ParsingError,
)
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from vantage6.bindings.secret import Secret

from ._settings import Address, ClientOptions, check_proxy
from .errors import ConfigurationError

if TYPE_CHECKING:
    from os import PathLike

    from ._identity import HiddenCode, HiddenPassword
    from ._resolve import Ref

KEYS = ("server", "username", "collaboration", "private_key", "verify", "cert", "proxy", "save")
SECRET_KEYS = ("password", "passphrase", "private_key_passphrase", "mfa_code", "token", "secret")
BOOLEANS = {
    word: word in ("true", "yes", "on") for word in ["true", "yes", "on", "false", "no", "off"]
}
SECTION = re.compile(r"\[(?P<name>.+)\]")

WAYS = (
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
    """Read a profile file.

    Parameters
    ----------
    text : str
        What it says.
    source : Path
        Where it is; paths in it start from its folder.

    Returns
    -------
    dict of str to Profile
        The profiles by their names.

    Raises
    ------
    ConfigurationError
        When it cannot be read, or holds what does not belong there. The line is named, and never
        quoted: it may be a password.
    """
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
        verify=_verify(values.get("verify"), folder),
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
            f"take it out, and choose another way: {WAYS}"
        )
    near = get_close_matches(plain, KEYS, n=2)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"use {', '.join(KEYS)}"
    raise ConfigurationError(f"{where}: there is no key {key!r}; {hint}")


def _verify(value: str | None, folder: Path) -> bool | Path:
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
    """Find the profile that is meant.

    Parameters
    ----------
    profiles : mapping of str to Profile
        Those there are.
    name : str or None
        Its name.
    source : Path
        The profile file.
    chosen : str or None
        Which one the environment names, should `name` be None. Where neither does, the only profile
        is meant, or the one called ``default``.

    Returns
    -------
    Profile
        The profile.

    Raises
    ------
    ConfigurationError
        When there is no such profile.
    """
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


def with_profile(text: str, profile: Profile, source: Path) -> str:
    """Put a profile into a profile file, in place of one of the same name; all else stays.

    Parameters
    ----------
    text : str
        What the file says.
    profile : Profile
        The profile.
    source : Path
        Where the file is.

    Returns
    -------
    str
        What the file is to say.

    Raises
    ------
    ConfigurationError
        When the name or a value cannot stand in such a file, or the file cannot be read.
    """
    read_profiles(text, source)  # what cannot be read is not to be changed either
    if not re.fullmatch(r"[\w.@-]+", profile.name):
        raise ConfigurationError(
            f"a profile is called by letters, digits, '.', '-', '_' and '@', not {profile.name!r}"
        )
    _proxy(profile.proxy or None, f"profile {profile.name!r}")
    before, after = _around(text.splitlines(), profile.name)
    block = [f"[{profile.name}]", *_lines(profile)]
    parts = ["\n".join(lines).strip("\n") for lines in (before, block, after)]
    written = "\n\n".join(part for part in parts if part) + "\n"
    read_profiles(written, source)
    return written


def _around(lines: list[str], name: str) -> tuple[list[str], list[str]]:
    """Give the lines before and after a section, or all and none where it is not there."""
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


# ---- what it comes to ----------------------------------------------------------------------------


class Given(ClientOptions, total=False):
    """What is given by name to the functions that connect; it wins over all else."""

    server: str | None
    username: str | None
    collaboration: Ref | None
    private_key: str | PathLike[str] | None
    private_key_passphrase: str | bytes | None


@dataclass(frozen=True)
class Plan:
    """How to connect.

    Attributes
    ----------
    address : Address or None
        Where the API is.
    username : str or None
        The account.
    password : str, callable or None
        The password, what supplies it, or None to look for it elsewhere.
    mfa_code : str, int, callable or None
        The code of the second factor, or what supplies it.
    collaboration : int, str, row or None
        The collaboration to choose.
    private_key : path or None
        The private key to set up.
    passphrase : str, bytes or None
        Its passphrase.
    save : bool or None
        Whether to keep the login; None to go on keeping one that was kept.
    options : ClientOptions
        What the client takes besides.
    """

    address: Address | None
    username: str | None
    password: HiddenPassword | None = field(repr=False)
    mfa_code: HiddenCode | None = field(repr=False)
    collaboration: Ref | None
    private_key: str | PathLike[str] | None
    passphrase: str | bytes | None = field(repr=False)
    save: bool | None
    options: ClientOptions


def settle(
    given: Given,
    password: HiddenPassword | None,
    mfa_code: HiddenCode | None,
    save: bool | None,
    environ: Mapping[str, str],
    profile: Profile | None,
) -> Plan:
    """Decide how to connect: an argument wins over the environment, and that over the profile.

    Parameters
    ----------
    given : Given
        The arguments that go by name.
    password : str, callable or None
        The password, or what supplies it.
    mfa_code : str, int, callable or None
        The code of the second factor, or what supplies it.
    save : bool or None
        Whether to keep the login.
    environ : mapping of str to str
        The environment; an empty variable counts as none.
    profile : Profile or None
        The profile.

    Returns
    -------
    Plan
        What it comes to.

    Raises
    ------
    ConfigurationError
        When the server's address cannot work.
    """

    def variable(name: str) -> str | None:
        return environ.get(f"VANTAGE6_{name}") or None

    def hidden(name: str) -> Secret | None:
        return Secret(environ[f"VANTAGE6_{name}"]) if variable(name) else None

    known = profile or Profile("")
    server = given.get("server") or variable("SERVER") or known.server
    collaboration = given.get("collaboration")
    if collaboration is None:
        collaboration = variable("COLLABORATION") or known.collaboration
    options = _options(given)
    if "verify" not in options:
        authority = variable("CA")
        options["verify"] = _verify(authority, Path()) if authority else known.verify
    if "cert" not in options and known.cert is not None:
        options["cert"] = known.cert
    if "proxy" not in options and known.proxy is not None:
        options["proxy"] = known.proxy
    return Plan(
        address=Address.parse(server) if server else None,
        username=given.get("username") or variable("USERNAME") or known.username,
        password=hidden("PASSWORD") if password is None else password,
        mfa_code=hidden("MFA_CODE") if mfa_code is None else mfa_code,
        collaboration=collaboration,
        private_key=given.get("private_key") or variable("PRIVATE_KEY") or known.private_key,
        passphrase=given.get("private_key_passphrase") or hidden("PRIVATE_KEY_PASSPHRASE"),
        save=known.save if save is None else save,
        options=options,
    )


def _options(given: Given) -> ClientOptions:
    """Take what is for the client itself."""
    own = Given.__annotations__.keys() - ClientOptions.__annotations__.keys()
    unknown = given.keys() - Given.__annotations__.keys()
    if unknown:
        name = min(unknown)
        near = get_close_matches(name, Given.__annotations__, n=2) or sorted(Given.__annotations__)
        raise TypeError(f"there is no argument {name!r}; did you mean {' or '.join(near)}?")
    kept = {key: value for key, value in given.items() if key not in own}
    return cast("ClientOptions", kept)


def check_all_there(plan: Plan, *, can_ask: bool) -> Address:
    """Refuse to connect without a server and a user.

    Parameters
    ----------
    plan : Plan
        How to connect.
    can_ask : bool
        Whether somebody is there who could be asked for the password.

    Returns
    -------
    Address
        Where the API is.

    Raises
    ------
    ConfigurationError
        When something is missing: all that is, at once.
    """
    missing: list[str] = []
    if not plan.address:
        missing.append("the server's address (VANTAGE6_SERVER, or server=)")
    if not plan.username:
        missing.append("the username (VANTAGE6_USERNAME, or username=)")
    if missing and plan.password is None and not can_ask:
        missing.append("the password (VANTAGE6_PASSWORD, or password=)")
    if missing or not plan.address:
        raise ConfigurationError(
            f"not enough is known to connect: {', '.join(missing)}; a profile may have the server "
            "and the username, too"
        )
    return plan.address
