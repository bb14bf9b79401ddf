"""Passwords and two-factor codes, given as text or by a function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeAlias, TypeVar, cast

from vantage6.bindings.secret import Secret

from ..errors import InvalidInputError

# The code of a second factor, or what supplies it when the server asks for one.
MfaCode: TypeAlias = "str | int | Callable[[], str | int]"
# What is kept of it: a number is text by then.
CodeSource: TypeAlias = "str | Callable[[], object]"
Supplier = TypeVar("Supplier", bound="Callable[[], object]")
AsyncMfaCode: TypeAlias = "str | int | Callable[[], str | int | Awaitable[str | int]]"
# A password, or what supplies it when it is needed.
Password: TypeAlias = "str | Callable[[], str]"  # noqa: S105 - it is a type
PasswordSource: TypeAlias = "Secret | Callable[[], object]"
AsyncPassword: TypeAlias = "str | Callable[[], str | Awaitable[str]]"


def parse_code(mfa_code: str | int | Supplier | None) -> Secret | Supplier | None:
    """Accept the code of a second factor, or what supplies it."""
    if mfa_code is None or callable(mfa_code):
        return mfa_code
    return _code(mfa_code)


def resolve_code(supply: Callable[[], object]) -> Secret:
    """Get the code of the second factor from a function that supplies it."""
    return _code(_require_sync(supply(), "mfa_code"))


async def aresolve_code(supply: Callable[[], object]) -> Secret:
    """Resolve a code, awaiting an async function."""
    return _code(await _await_if_needed(supply()))


def parse_password(password: str | Supplier | None) -> Secret | Supplier | None:
    """Accept a password, or what supplies it."""
    return password if password is None or callable(password) else _password(password)


def resolve_password(supply: str | Callable[[], object]) -> Secret:
    """Get a password that is given, or from a function that supplies it."""
    return _password(_require_sync(supply() if callable(supply) else supply, "password"))


async def aresolve_password(supply: str | Callable[[], object]) -> Secret:
    """Resolve a password, awaiting an async function."""
    return _password(await _await_if_needed(supply() if callable(supply) else supply))


def _require_sync(given: object, what: str) -> object:
    if isinstance(given, Coroutine):
        given.close()  # or Python warns that nobody awaited it
        raise InvalidInputError(
            f"{what} is an async function: only AsyncClient can wait for what it gives"
        )
    return given


async def _await_if_needed(given: object) -> object:
    return await cast("Awaitable[object]", given) if isinstance(given, Awaitable) else given


def _code(given: object) -> Secret:
    if isinstance(given, int):
        return Secret(f"{given:06}")
    if isinstance(given, str):
        return Secret("".join(given.split()))
    raise InvalidInputError(f"mfa_code must supply a str or an int, not {type(given).__name__}")


def _password(given: object) -> Secret:
    if not isinstance(given, str):
        raise InvalidInputError(f"password must be or supply a str, not {type(given).__name__}")
    if not given:
        raise InvalidInputError("the password is empty")
    return Secret(given)
