"""Passwords and two-factor codes, passed as text or supplied by a function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeAlias, TypeVar, cast

from vantage6.bindings.secret import Secret

from ..errors import InvalidInputError

# A two-factor code, or a function that supplies it when the server asks for one.
MfaCode: TypeAlias = "str | int | Callable[[], str | int]"
# Its stored form: a number has become text.
CodeSource: TypeAlias = "str | Callable[[], object]"
Supplier = TypeVar("Supplier", bound="Callable[[], object]")
AsyncMfaCode: TypeAlias = "str | int | Callable[[], str | int | Awaitable[str | int]]"
# A password, or a function that supplies it when it is needed.
Password: TypeAlias = "str | Callable[[], str]"  # noqa: S105 - a type
PasswordSource: TypeAlias = "Secret | Callable[[], object]"
AsyncPassword: TypeAlias = "str | Callable[[], str | Awaitable[str]]"


def parse_code(mfa_code: str | int | Supplier | None) -> Secret | Supplier | None:
    """Return a two-factor code as a secret; return a function unchanged."""
    if mfa_code is None or callable(mfa_code):
        return mfa_code
    return _code(mfa_code)


def resolve_code(supply: Callable[[], object]) -> Secret:
    """Return the two-factor code from the function that supplies it."""
    return _code(_require_sync(supply(), "mfa_code"))


async def aresolve_code(supply: Callable[[], object]) -> Secret:
    """Return the two-factor code from the function that supplies it, which may be async."""
    return _code(await _await_if_needed(supply()))


def parse_password(password: str | Supplier | None) -> Secret | Supplier | None:
    """Return a password as a secret; return a function unchanged."""
    return password if password is None or callable(password) else _password(password)


def resolve_password(supply: str | Callable[[], object]) -> Secret:
    """Return a password, calling the function that supplies it if there is one."""
    return _password(_require_sync(supply() if callable(supply) else supply, "password"))


async def aresolve_password(supply: str | Callable[[], object]) -> Secret:
    """Return a password, calling the function that supplies it, which may be async."""
    return _password(await _await_if_needed(supply() if callable(supply) else supply))


def _require_sync(value: object, name: str) -> object:
    if isinstance(value, Coroutine):
        value.close()  # prevents Python's "never awaited" warning
        raise InvalidInputError(
            f"{name}: expected a function, got an async function. Use AsyncClient to await it."
        )
    return value


async def _await_if_needed(value: object) -> object:
    return await cast("Awaitable[object]", value) if isinstance(value, Awaitable) else value


def _code(value: object) -> Secret:
    if isinstance(value, int):
        return Secret(f"{value:06}")
    if isinstance(value, str):
        return Secret("".join(value.split()))
    raise InvalidInputError(
        "mfa_code: expected a str or an int, or a function that returns one, "
        f"got {type(value).__name__}"
    )


def _password(value: object) -> Secret:
    if not isinstance(value, str):
        raise InvalidInputError(
            f"password: expected a str or a function that returns one, got {type(value).__name__}"
        )
    if not value:
        raise InvalidInputError("password: expected a password, got an empty string")
    return Secret(value)
