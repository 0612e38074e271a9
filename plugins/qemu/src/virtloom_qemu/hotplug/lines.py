"""The difference of two command lines, as commands of the monitor."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.command import CommandLine
from virtloom_qemu.hotplug.chardevs import chardev_add, words_of
from virtloom_qemu.monitor import Monitor

Arguments = dict[str, Any]


class Step(NamedTuple):
    """A part of a device in QEMU: the command that makes it, and the one that takes it away.

    :ivar name: what QEMU knows it by.
    :ivar take: "" for what need not be taken away.
    """

    name: str
    make: str
    made_of: Arguments
    take: str
    taken_by: Arguments

    @property
    def is_device(self) -> bool:
        """Whether it is what the guest sees, which goes only when the guest lets it."""
        return self.make == "device_add"


def difference(fewer: CommandLine, more: CommandLine) -> list[Step]:
    """What a guest has to be told that was started with one command line and is to be as with another.

    :raises VirtError: OPERATION_UNSUPPORTED if a running guest cannot become that.
    """
    known = Counter(_options(fewer.argv))
    steps = []
    for option in _options(more.argv):
        if known[option]:
            known[option] -= 1
        else:
            steps.append(_step(*option))
    if left := next(known.elements(), None):
        raise _unsupported(left[0])
    return steps


def device_names(line: CommandLine) -> list[str]:
    """What QEMU knows the devices of a command line by, as far as they have names."""
    devices = (json.loads(value) for option, value in _options(line.argv) if option == "-device" and value[:1] == "{")
    return [device["id"] for device in devices if "id" in device]


def _options(argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options of a command line, each with its value or none."""
    position = 1
    while position < len(argv):
        name, value = argv[position], ""
        if position + 1 < len(argv) and not argv[position + 1].startswith("-"):
            position += 1
            value = argv[position]
        position += 1
        yield name, value


def _step(option: str, value: str) -> Step:
    make = MAKERS.get(option)
    if make is None:
        raise _unsupported(option)
    return make(value)


def _json(make: str, take: str, key: str = "id", by: str = "id") -> Callable[[str], Step]:
    def step(value: str) -> Step:
        props = json.loads(value)
        return Step(props[key], make, props, take, {by: props[key]})

    return step


def _chardev(value: str) -> Step:
    words = words_of(value)
    return Step(words["id"], "chardev-add", chardev_add(words), "chardev-remove", {"id": words["id"]})


def _watchdog_action(value: str) -> Step:
    return Step("", "set-action", {"watchdog": value}, "", {})  # without a watchdog it says nothing


MAKERS: dict[str, Callable[[str], Step]] = {
    "-device": _json("device_add", "device_del"),
    "-object": _json("object-add", "object-del"),
    "-netdev": _json("netdev_add", "netdev_del"),
    "-blockdev": _json("blockdev-add", "blockdev-del", "node-name", "node-name"),
    "-chardev": _chardev,
    "-watchdog-action": _watchdog_action,
}


def _unsupported(option: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_UNSUPPORTED, f"a running guest's option '{option}' cannot be changed")


def make(monitor: Monitor, steps: Sequence[Step]) -> None:
    """Make the parts of a device; if one cannot be made, those before it are taken away again.

    :raises VirtError: in QEMU's words.
    """
    made: list[Step] = []
    try:
        for step in steps:
            monitor.execute(step.make, step.made_of)
            made.append(step)
    except BaseException:
        take(monitor, made)
        raise


def take(monitor: Monitor, steps: Sequence[Step]) -> None:
    """Take parts away, those made last first; one that is gone already, or never was, is passed over."""
    for step in (one for one in reversed(steps) if one.take):
        with suppress(VirtError):
            monitor.execute(step.take, step.taken_by)
