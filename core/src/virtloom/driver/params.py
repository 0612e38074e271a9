"""Typed parameters: how tunables travel (libvirt: `virTypedParameter`).

A driver receives a plain mapping, its values checked against the names and types that it declares, and returns a list
of `TypedParam`, written with the small constructors below: `[ullong("bandwidth", 4), uint("weight", 50)]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from virtloom.errors import ErrorCode, VirtError

INT, UINT, LLONG, ULLONG, DOUBLE, BOOLEAN, STRING = range(1, 8)
TYPE_NAMES = ("", "int", "uint", "llong", "ullong", "double", "boolean", "string")

ParamValue = int | float | bool | str


class TypedParam(NamedTuple):
    """One parameter: its name, its type (1 to 7), its value."""

    name: str
    type: int
    value: ParamValue


def int_(name: str, value: int) -> TypedParam:
    """A 32-bit signed integer."""
    return TypedParam(name, INT, value)


def uint(name: str, value: int) -> TypedParam:
    """A 32-bit unsigned integer."""
    return TypedParam(name, UINT, value)


def llong(name: str, value: int) -> TypedParam:
    """A 64-bit signed integer."""
    return TypedParam(name, LLONG, value)


def ullong(name: str, value: int) -> TypedParam:
    """A 64-bit unsigned integer."""
    return TypedParam(name, ULLONG, value)


def double(name: str, value: float) -> TypedParam:
    """A double."""
    return TypedParam(name, DOUBLE, value)


def boolean(name: str, value: bool) -> TypedParam:
    """A boolean."""
    return TypedParam(name, BOOLEAN, value)


def string(name: str, value: str) -> TypedParam:
    """A string."""
    return TypedParam(name, STRING, value)


def checked(
    params: Sequence[TypedParam], allowed: Mapping[str, int], *, repeatable: frozenset[str] = frozenset()
) -> dict[str, ParamValue]:
    """Parameters as a mapping, after the checks of `virTypedParamsValidate`.

    :param params: what the client sent.
    :param allowed: each name that the method takes, with its type.
    :param repeatable: names that may come more than once; the last one is returned.
    :raises VirtError: ARGUMENT_UNSUPPORTED for an unknown name, INVALID_ARG for a wrong type or a name given twice.
    """
    result: dict[str, ParamValue] = {}
    for param in params:
        wanted = allowed.get(param.name)
        if wanted is None:
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, f"parameter '{param.name}' not supported")
        if param.type != wanted:
            raise VirtError(
                ErrorCode.INVALID_ARG,
                f"invalid type '{_type_name(param.type)}' for parameter '{param.name}', "
                f"expected '{_type_name(wanted)}'",
            )
        if param.name in result and param.name not in repeatable:
            raise VirtError(ErrorCode.INVALID_ARG, f"parameter '{param.name}' occurs multiple times")
        result[param.name] = param.value
    return result


def _type_name(number: int) -> str:
    return TYPE_NAMES[number] if 0 < number < len(TYPE_NAMES) else "unknown"
