"""The program that a container executes in the place of init, which it then becomes.

liblxc gives every init the variable `container=lxc`, whatever it is told, and leaves it whatever descriptors it had
itself. In a container's root there may be nothing but init, so what is to be done between liblxc and init is done by a
program of our own that needs neither a file there nor a library: a list of system calls with all that they are given,
made for each container and executed from memory (memfd_create(2)).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

F_SETFD, FD_CLOEXEC, CLOSE_RANGE_CLOEXEC = 2, 1, 4
TIOCSCTTY = 0x540E  # asm-generic/ioctls.h
LAST = 0xFFFFFFFF  # the last descriptor that there may be
FAILED = 127  # the status of a program that could not become init, as a shell has it
CODE, DATA, PAGE = 0x400000, 0x410000, 0x10000  # where both are in memory; the largest page that a kernel may have
HEADERS = 64 + 2 * 56  # bytes of the headers of a program with two segments (elf(5))
MFD_EXEC = 16  # linux/memfd.h
PATH = "/proc/self/fd/"


class Machine(NamedTuple):
    """What differs between processors.

    :ivar elf: the machine's number in elf(5); :ivar calls: the numbers of its system calls.
    :ivar call: the code of a system call, of its number and arguments.
    :ivar keep: the code that stores what the last call returned at an address.
    """

    elf: int
    calls: Mapping[str, int]
    call: Callable[[int, Sequence[int]], bytes]
    keep: Callable[[int], bytes]


def _x86_call(number: int, arguments: Sequence[int]) -> bytes:
    """mov edi, ...; mov esi, ...; mov edx, ...; mov eax, number; syscall"""
    given = zip(b"\xbf\xbe\xba", arguments, strict=False)
    return b"".join(struct.pack("<BI", *one) for one in (*given, (0xB8, number))) + b"\x0f\x05"


def _x86_keep(address: int) -> bytes:
    """mov [address], eax"""
    return b"\x89\x04\x25" + struct.pack("<I", address)


def _arm_set(register: int, value: int) -> bytes:
    """movz x, low half; movk x, high half, lsl 16"""
    low, high = value & 0xFFFF, value >> 16
    return struct.pack("<II", 0xD2800000 | low << 5 | register, 0xF2A00000 | high << 5 | register)


def _arm_call(number: int, arguments: Sequence[int]) -> bytes:
    """Arguments in x0 and so on, the number in x8; svc 0"""
    given = b"".join(_arm_set(register, value) for register, value in enumerate(arguments))
    return given + _arm_set(8, number) + struct.pack("<I", 0xD4000001)


def _arm_keep(address: int) -> bytes:
    """x9 = address; str w0, [x9]"""
    return _arm_set(9, address) + struct.pack("<I", 0xB9000120)


# fmt: off
MACHINES = {
    "x86_64": Machine(
        62,
        {"close_range": 436, "fcntl": 72, "close": 3, "setsid": 112, "ioctl": 16, "dup3": 292, "execve": 59, "write": 1,
         "exit_group": 231},
        _x86_call,
        _x86_keep,
    ),
    "aarch64": Machine(
        183,
        {"close_range": 436, "fcntl": 25, "close": 57, "setsid": 157, "ioctl": 29, "dup3": 24, "execve": 221,
         "write": 64, "exit_group": 94},
        _arm_call,
        _arm_keep,
    ),
}
# fmt: on


def make(argv: Sequence[str], environment: Sequence[str], report: int, machine: str) -> int | None:
    """A program that becomes another one, which then has our standard output as its standard error too.

    A terminal that is our standard input is its controlling terminal, so that its shell can stop and interrupt.

    :param argv: the other program and its arguments; :param environment: all of its environment, as `NAME=VALUE`.
    :param report: the descriptor to which four bytes are written, a negative errno, if it cannot.
    :param machine: the processor, as uname(2) has it.
    :return: a descriptor that is inherited, to be executed by its name in /proc; None on a processor that is not
        known here, or where memory is not executed.
    """
    known = MACHINES.get(machine)
    own = None if known is None else _memory()
    if known is None or own is None:
        return None
    os.pwrite(own, image(known, argv, environment, report, own), 0)
    runnable = os.open(f"{PATH}{own}", os.O_RDONLY)  # what is open for writing is not executed
    os.dup2(runnable, own, inheritable=True)
    os.close(runnable)
    return own


def _memory() -> int | None:
    """A file in memory that may be executed; None where none may."""
    for flags in (MFD_EXEC, 0):  # a kernel before 6.3 knows no such flag, and needs none
        try:
            return os.memfd_create("init", flags)
        except OSError:
            continue
    return None


def image(machine: Machine, argv: Sequence[str], environment: Sequence[str], report: int, own: int) -> bytes:
    """The program (elf(5)): its code on one page; on the next the last call's result, two lists, and their words."""
    result, arguments = DATA, DATA + 8
    variables = arguments + 8 * (len(argv) + 1)
    words = [word.encode(errors="surrogateescape") + b"\0" for word in (*argv, *environment)]
    first = variables + 8 * (len(environment) + 1)
    places = list(accumulate(map(len, words), initial=first))
    lists = [0, *places[: len(argv)], 0, *places[len(argv) : len(words)], 0]
    data = struct.pack(f"<{len(lists)}Q", *lists) + b"".join(words)

    def call(name: str, *given: int) -> bytes:
        return machine.call(machine.calls[name], given)

    code = (
        call("close_range", 3, LAST, CLOSE_RANGE_CLOEXEC)  # the two after it are for kernels before 5.11
        + call("fcntl", report, F_SETFD, FD_CLOEXEC)
        + call("close", own)
        + call("setsid")
        + call("ioctl", 0, TIOCSCTTY, 0)
        + call("dup3", 1, 2, 0)
        + call("execve", first, arguments, variables)
        + machine.keep(result)
        + call("write", report, result, 4)
        + call("exit_group", FAILED)
    )
    return (_headers(machine, len(code), len(data)) + code).ljust(PAGE, b"\0") + data


def _headers(machine: Machine, code: int, data: int) -> bytes:
    """The headers of a program that is loaded where it says: its code to execute, its data to write."""
    entry = CODE + HEADERS
    kind = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    head = kind + struct.pack("<HHIQQQIHHHHHH", 2, machine.elf, 1, entry, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    size = HEADERS + code
    read_execute, read_write = 5, 6
    segments = struct.pack("<IIQQQQQQ", 1, read_execute, 0, CODE, CODE, size, size, PAGE)
    return head + segments + struct.pack("<IIQQQQQQ", 1, read_write, PAGE, DATA, DATA, data, data, PAGE)
