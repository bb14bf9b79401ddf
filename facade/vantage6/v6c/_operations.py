"""Operations of the bindings, read from their signatures and docstrings."""

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

Service = Literal["server", "store", "hq", "hq_store"]
SERVICES: tuple[Service, ...] = ("server", "store")
HQ_SERVICES: tuple[Service, ...] = ("hq", "hq_store")


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation."""

    name: str
    type: str
    is_list: bool
    is_required: bool
    help: str


@dataclass(frozen=True)
class Operation:
    """An operation of the server or the algorithm store, of version 4 or 5."""

    name: str
    service: Service
    summary: str
    details: str
    parameters: list[Parameter]
    body: str | None
    response_type: str
    call: Callable[..., Call[object]]

    @property
    def is_of_store(self) -> bool:
        """Whether the operation is one of the algorithm store."""
        return self.service.endswith("store")

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The names and types of the body's fields."""
        if self.body is None or self.body == "bytes":
            return []
        row = self.body.removeprefix("list[").removesuffix("]")  # a body may be a list of rows
        return _typed_dict_fields(_bindings_module(self.service, "rows"), row)


@cache
def operations(service: Service) -> Mapping[str, Operation]:
    """Return all operations of a service by name."""
    module = _bindings_module(service, "calls")
    return {
        name: _read_operation(service, name, function)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
    }


def _bindings_module(service: Service, name: str) -> ModuleType:
    return import_module(f"vantage6.bindings.{service}.{name}")


def _read_operation(service: Service, name: str, function: Callable[..., object]) -> Operation:
    summary, details, descriptions = _parse_docstring(inspect.getdoc(function) or "")
    signature = inspect.signature(function)
    body: str | None = None
    parameters: list[Parameter] = []
    for parameter in signature.parameters.values():
        annotation = cast("str", parameter.annotation)
        if parameter.name == "body":
            body = annotation.replace("rows.", "")
            continue
        single = re.sub(r"^Sequence\[(\w+)\]", r"\1", annotation)
        parameters.append(
            Parameter(
                parameter.name,
                single.removesuffix(" | None"),
                single != annotation,
                parameter.default is parameter.empty,
                descriptions.get(parameter.name, ""),
            )
        )
    response_type = re.sub(r"^Call\[(.*)\]$", r"\1", cast("str", signature.return_annotation))
    call = cast("Callable[..., Call[object]]", function)
    response_type = response_type.replace("rows.", "")
    return Operation(name, service, summary, details, parameters, body, response_type, call)


def _parse_docstring(text: str) -> tuple[str, str, dict[str, str]]:
    """Parse a docstring into summary, details and parameter descriptions."""
    head, _, parameters = text.partition("\nParameters\n----------\n")
    summary, _, details = head.partition("\n")
    descriptions: dict[str, str] = {}
    name = ""
    for line in parameters.splitlines():
        if line.startswith(" "):
            descriptions[name] = f"{descriptions.get(name, '')} {line.strip()}".strip()
        else:
            name = line.strip()
    return summary, " ".join(details.split()), descriptions


def _typed_dict_fields(module: ModuleType, name: str) -> list[tuple[str, str]]:
    """Return the names and types of a typed dictionary's fields; "?" marks optional ones."""
    kind = getattr(module, name)
    annotations: Mapping[str, object] = getattr(kind, "__annotations__", {})
    fields: list[tuple[str, str]] = []
    for field, type_ in annotations.items():
        text = " ".join(str(getattr(type_, "__forward_arg__", type_)).split())
        optional = re.fullmatch(r"NotRequired\[(.*)\]", text)
        inner = optional[1] if optional else text
        expanded = re.sub(r"\b[A-Z]\w+\b", lambda found: _format_type(module, found[0]), inner)
        fields.append((f"{field}?" if optional else field, expanded))
    return fields


def _format_type(module: ModuleType, name: str) -> str:
    """Expand a nested type: a typed dictionary to its fields, a Literal to its values."""
    kind = getattr(module, name, None)
    if hasattr(kind, "__total__"):
        inner = ", ".join(f"{field}: {type_}" for field, type_ in _typed_dict_fields(module, name))
        return f"{{{inner}}}"
    if get_origin(kind) is Literal:
        return " | ".join(repr(value) for value in get_args(kind))
    return name
