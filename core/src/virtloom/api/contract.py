"""Whether a driver's methods are what the protocol calls, checked when it is loaded rather than at the first call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from virtloom.api import bridge, derived
from virtloom.api.builtin import BUILTINS
from virtloom.api.routes import kind_of
from virtloom.driver.base import Driver
from virtloom.wire import lxc, qemu, remote
from virtloom.wire.programs import Procedure


@cache
def procedures() -> dict[str, Procedure]:
    """Every procedure that a driver may answer, by its name in snake case."""
    programs = (remote.PROGRAM, qemu.PROGRAM, lxc.PROGRAM)
    calls = (p for program in programs for p in program.procedures if p.event is None)
    return {p.snake: p for p in calls if p.snake not in BUILTINS}


def supported(driver: Driver) -> list[str]:
    """The procedures that a driver answers, itself or through a newer call, by name."""
    return [
        name
        for name in sorted(procedures())
        if kind_of(name) is driver.kind and (hasattr(driver, name) or derived.derive(driver, name) is not None)
    ]


def check(driver: Driver) -> list[str]:
    """What is odd about a driver's methods, in sentences for its author; [] if nothing."""
    found = []
    for name, method in _public_methods(driver):
        procedure = procedures().get(name)
        if procedure is None:
            found += _unknown(name)
        else:
            found += _wrong_arguments(name, method, bridge.parameters(procedure))
    return found


def _public_methods(driver: Driver) -> list[tuple[str, Callable[..., Any]]]:
    names = [name for name in dir(type(driver)) if not name.startswith("_") and not hasattr(Driver, name)]
    return [(name, method) for name in names if inspect.isfunction(method := getattr(type(driver), name))]


def _unknown(name: str) -> list[str]:
    """A name that looks like a procedure's but is none is a slip of the pen; others are the driver's own affair."""
    import difflib  # for mistakes alone

    close = difflib.get_close_matches(name, procedures(), n=1, cutoff=0.9)
    return [f"the method {name} answers no procedure; did you mean {close[0]}?"] if close else []


def _wrong_arguments(name: str, method: Callable[..., Any], wanted: tuple[str, ...]) -> list[str]:
    try:
        inspect.signature(method).bind(None, *wanted)
    except TypeError:
        return [f"the method {name} must take ({', '.join(wanted)}), besides self; calls of it will fail"]
    return []
