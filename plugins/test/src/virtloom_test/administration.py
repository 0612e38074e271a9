"""What an administrator may ask of the test driver: faults, the clock, how long work takes, crashes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from virtloom.errors import ErrorCode, VirtError
from virtloom_test.hosts.registry import Hosts
from virtloom_test.stage import Stage

Arguments = Mapping[str, Any]
Call = Callable[[Arguments], Any]


def administration(stage: Stage, hosts: Hosts) -> dict[str, Call]:
    """The calls by name; each takes an object and returns what JSON can hold."""
    faults, clock, tempo = stage.faults, stage.clock, stage.tempo

    def move_clock(arguments: Arguments) -> dict[str, float]:
        clock.change(**_known(arguments, "to", "by", "rate"))
        return clock.describe()

    return {
        "fault_add": lambda arguments: faults.add(arguments),
        "fault_load": lambda arguments: faults.load(Path(_text(arguments, "path"))),
        "fault_list": lambda arguments: faults.describe(),
        "fault_remove": lambda arguments: faults.remove(_text(arguments, "name")),
        "fault_release": lambda arguments: faults.release(_text(arguments, "name")),
        "fault_clear": lambda arguments: faults.clear(),
        "clock": move_clock,
        "crash": lambda arguments: hosts.host(_text(arguments, "uri")).crash(_text(arguments, "name")),
        "abort": lambda arguments: hosts.host(_text(arguments, "uri")).abort_work(
            _text(arguments, "pool"), _text(arguments, "volume")
        ),
        "forget": lambda arguments: hosts.forget(_text(arguments, "uri")),
        "durations": lambda arguments: tempo.set(arguments),
    }


def _text(arguments: Arguments, name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise VirtError(ErrorCode.INVALID_ARG, f"'{name}' must be given, as a text")
    return value


def _known(arguments: Arguments, *names: str) -> dict[str, float]:
    for name, value in arguments.items():
        if name not in names:
            raise VirtError(ErrorCode.INVALID_ARG, f"unknown '{name}'; there are {', '.join(names)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise VirtError(ErrorCode.INVALID_ARG, f"'{name}' must be a number, not {value!r}")
    return dict(arguments)
