"""What a running guest is told follows from two command lines; what was made is taken away again when a part fails."""

from __future__ import annotations

from typing import Any

import pytest

from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.command import CommandLine
from virtloom_qemu.hotplug.chardevs import chardev_add, words_of
from virtloom_qemu.hotplug.lines import difference, make, take


def line(*words: str) -> CommandLine:
    made = CommandLine("qemu")
    made.argv += words
    return made


FEW = ("-S", "-device", '{"driver":"a","id":"a0"}')
DISK = ("-blockdev", '{"driver":"file","node-name":"n1"}', "-device", '{"driver":"virtio-blk","id":"d0"}')


def test_a_device_is_the_options_that_it_adds_in_their_order() -> None:
    steps = difference(line(*FEW), line(*FEW, *DISK))
    assert [(step.name, step.make, step.take) for step in steps] == [
        ("n1", "blockdev-add", "blockdev-del"),
        ("d0", "device_add", "device_del"),
    ]
    assert steps[0].taken_by == {"node-name": "n1"}
    assert [step.is_device for step in steps] == [False, True]


def test_of_two_equal_options_the_second_is_new() -> None:
    assert len(difference(line(*FEW), line(*FEW, *FEW[1:]))) == 1


@pytest.mark.parametrize(
    ("fewer", "more", "option"),
    [(FEW, (*FEW, "-smp", "4"), "-smp"), (("-m", "64"), ("-m", "128"), "-m"), (DISK, (), "-blockdev")],
)
def test_what_no_running_guest_can_become_is_refused(fewer: Any, more: Any, option: str) -> None:
    with pytest.raises(VirtError) as caught:
        difference(line(*fewer), line(*more))
    assert caught.value.code is ErrorCode.OPERATION_UNSUPPORTED
    assert f"'{option}'" in caught.value.message


class Recorder:
    """A monitor that refuses one command."""

    def __init__(self, refused: str = "") -> None:
        self.told: list[str] = []
        self._refused = refused

    def execute(self, command: str, arguments: Any) -> None:
        if command == self._refused:
            raise VirtError(ErrorCode.INTERNAL_ERROR, "refused")
        self.told.append(command)


def test_when_a_part_cannot_be_made_those_before_it_go() -> None:
    monitor: Any = Recorder("device_add")
    with pytest.raises(VirtError, match="refused"):
        make(monitor, difference(line(), line(*DISK)))
    assert monitor.told == ["blockdev-add", "blockdev-del"]


def test_parts_go_the_last_first_and_one_that_is_gone_is_passed_over() -> None:
    monitor: Any = Recorder("device_del")
    take(monitor, difference(line(), line(*DISK)))
    assert monitor.told == ["blockdev-del"]


@pytest.mark.parametrize(
    ("value", "backend"),
    [
        ("pty,id=c", {"type": "pty", "data": {}}),
        ("file,id=c,path=/x,,y,append=on", {"type": "file", "data": {"out": "/x,y", "append": True}}),
        (
            "socket,id=c,path=/s,server=on,wait=off",
            {"type": "socket", "data": {"addr": {"type": "unix", "data": {"path": "/s"}}, "wait": False,
                                        "server": True}},
        ),
        (
            "socket,id=c,host=h,port=1,telnet=on,reconnect=5",
            {"type": "socket", "data": {"addr": {"type": "inet", "data": {"host": "h", "port": "1"}}, "telnet": True,
                                        "server": False, "reconnect": 5}},
        ),
        (
            "udp,id=c,host=h,port=1,localaddr=,localport=0",
            {"type": "udp", "data": {"remote": {"type": "inet", "data": {"host": "h", "port": "1"}}}},
        ),
        ("null,id=c,logfile=/l,logappend=off", {"type": "null", "data": {"logfile": "/l", "logappend": False}}),
    ],
)  # fmt: skip
def test_a_back_end_is_worded_as_the_monitor_words_it(value: str, backend: dict[str, Any]) -> None:
    assert chardev_add(words_of(value)) == {"id": "c", "backend": backend}


def test_a_back_end_that_cannot_come_to_a_running_guest_is_refused() -> None:
    with pytest.raises(VirtError, match="Hotplug unsupported for char device type 'stdio'"):
        chardev_add(words_of("stdio,id=c"))
