"""What operations the bindings have, and what each takes, read off the bindings (pure)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Literal, cast, get_args, get_origin

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

Service = Literal["server", "store"]
SERVICES: tuple[Service, ...] = ("server", "store")


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation.

    Attributes
    ----------
    name : str
        Its name in the bindings.
    type : str
        ``int``, ``str`` or ``bool``.
    is_list : bool
        Whether it takes several.
    is_required : bool
        Whether there is no request without it.
    help : str
        What it is for.
    """

    name: str
    type: str
    is_list: bool
    is_required: bool
    help: str


@dataclass(frozen=True)
class Operation:
    """An operation of the server or the algorithm store.

    Attributes
    ----------
    name : str
        Its name in the contract.
    service : str
        ``server`` or ``store``.
    summary, details : str
        What it does, in one line and in others.
    parameters : list of Parameter
        What its address takes.
    body : str or None
        The type of its body: a name in the service's ``rows``, or ``bytes``.
    answer : str
        The type of what it answers.
    call : callable
        Makes the request.
    """

    name: str
    service: Service
    summary: str
    details: str
    parameters: list[Parameter]
    body: str | None
    answer: str
    call: Callable[..., Call[object]]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The fields of the body, and the type of each."""
        if self.body is None or self.body == "bytes":
            return []
        return _fields(_module(self.service, "rows"), self.body)


@cache
def operations(service: Service) -> Mapping[str, Operation]:
    """Give all operations of a service.

    Parameters
    ----------
    service : str
        ``server`` or ``store``.

    Returns
    -------
    dict
        The operations, by their names.
    """
    module = _module(service, "calls")
    return {
        name: _operation(service, name, function)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
    }


def _module(service: Service, name: str) -> ModuleType:
    return import_module(f"vantage6.bindings.{service}.{name}")


def _operation(service: Service, name: str, function: Callable[..., object]) -> Operation:
    summary, details, told = _manual(inspect.getdoc(function) or "")
    given = inspect.signature(function)
    body: str | None = None
    parameters: list[Parameter] = []
    for parameter in given.parameters.values():
        written = cast("str", parameter.annotation)
        if parameter.name == "body":
            body = written.removeprefix("rows.")
            continue
        single = re.sub(r"^Sequence\[(\w+)\]", r"\1", written)
        parameters.append(
            Parameter(
                parameter.name,
                single.removesuffix(" | None"),
                single != written,
                parameter.default is parameter.empty,
                told.get(parameter.name, ""),
            )
        )
    answer = re.sub(r"^Call\[(.*)\]$", r"\1", cast("str", given.return_annotation))
    call = cast("Callable[..., Call[object]]", function)
    plain = answer.replace("rows.", "")
    return Operation(name, service, summary, details, parameters, body, plain, call)


def _manual(text: str) -> tuple[str, str, dict[str, str]]:
    """Take a docstring apart: its first line, what follows, and what it says of parameters."""
    head, _, listed = text.partition("\nParameters\n----------\n")
    summary, _, details = head.partition("\n")
    told: dict[str, str] = {}
    name = ""
    for line in listed.splitlines():
        if line.startswith(" "):
            told[name] = f"{told.get(name, '')} {line.strip()}".strip()
        else:
            name = line.strip()
    return summary, " ".join(details.split()), told


def _fields(module: ModuleType, name: str) -> list[tuple[str, str]]:
    """Read off what a typed dictionary holds: names, with "?" where they may be missing."""
    kind = getattr(module, name)
    written: Mapping[str, object] = getattr(kind, "__annotations__", {})
    fields: list[tuple[str, str]] = []
    for field, type_ in written.items():
        text = " ".join(str(getattr(type_, "__forward_arg__", type_)).split())
        optional = re.fullmatch(r"NotRequired\[(.*)\]", text)
        inner = optional[1] if optional else text
        told = re.sub(r"\b[A-Z]\w+\b", lambda found: _shown(module, found[0]), inner)
        fields.append((f"{field}?" if optional else field, told))
    return fields


def _shown(module: ModuleType, name: str) -> str:
    """Show a type inside another: a dictionary by its fields, and a choice by its values."""
    kind = getattr(module, name, None)
    if hasattr(kind, "__total__"):
        inner = ", ".join(f"{field}: {type_}" for field, type_ in _fields(module, name))
        return f"{{{inner}}}"
    if get_origin(kind) is Literal:
        return " | ".join(repr(value) for value in get_args(kind))
    return name
