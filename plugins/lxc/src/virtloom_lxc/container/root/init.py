"""A container's init: what it is given, and the refusal of one that is not there or that the kernel cannot execute."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.values import uuid
from virtloom_lxc.container.root.filesystems import filesystems
from virtloom_lxc.container.root.paths import inside
from virtloom_lxc.container.root.rootfs import StartFailed

PATH = "/bin:/sbin:/usr/bin:/usr/sbin"  # as libvirt_lxc gives it to init
FORCED = "container="  # liblxc has a value of its own for this one, whatever it is told
# The machines of programs (elf(5)) that a kernel executes beside its own.
ALSO = {62: (3,), 183: (40,)}
EMULATORS = Path("/proc/sys/fs/binfmt_misc")


def check_init(domain: Domain, root: Path) -> None:
    """Refuse an init that is not in the container's root, or that the kernel cannot execute.

    :param root: where the container's root is on the host.
    :raises StartFailed: in libvirt's words.
    """
    init = (domain.os.init if domain.os is not None else None) or ""
    if any(not one.is_root and _is_below(init, one.target) for one in filesystems(domain)):
        return  # liblxc finds out, when everything is mounted
    place = inside(root, init)
    if place is not None and place.is_dir():
        raise StartFailed(f"init path '{init}' is a directory: {os.strerror(21)}")
    if place is None or not place.is_file():
        raise StartFailed(f"cannot find init path '{init}' relative to container root: {os.strerror(2)}")
    if not os.access(place, os.X_OK):
        raise StartFailed(f"init path '{init}' is not executable: {os.strerror(13)}")
    if not _is_of_this_machine(place):
        raise StartFailed(f"init path '{init}' is a program for another machine: {os.strerror(8)}")


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _is_of_this_machine(place: Path) -> bool:
    """Whether a program is for this host's processors, as far as can be told; emulators may run others."""
    own, other = _machine(Path("/proc/self/exe")), _machine(place)
    emulated = EMULATORS.is_dir() and any(one.name not in ("register", "status") for one in EMULATORS.iterdir())
    return other is None or own is None or emulated or other == own or other in ALSO.get(own, ())


def _machine(place: Path) -> int | None:
    """The machine of a program (elf(5)); None for a script, or one that cannot be read."""
    try:
        with place.open("rb") as file:
            head = file.read(20)
    except OSError:
        return None
    if len(head) < 20 or not head.startswith(b"\x7fELF"):
        return None
    return int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")


def init_lines(domain: Domain, root: Path | None) -> Iterator[str]:
    """What liblxc is told of it.

    :param root: the container's root on the host, where that can be looked into.
    :raises StartFailed: for a user or group that the root does not know.
    """
    os_part = domain.os
    assert os_part is not None
    if os_part.initdir:
        yield f"lxc.init.cwd = {os_part.initdir}"
    if os_part.inituser:
        yield f"lxc.init.uid = {account(root, os_part.inituser, 'passwd')}"
    if os_part.initgroup:
        group = account(root, os_part.initgroup, "group")
        yield from (f"lxc.init.gid = {group}", f"lxc.init.groups = {group}")
    yield from (f"lxc.environment = {line}" for line in variables(domain) if not line.startswith(FORCED))


def environment(domain: Domain) -> dict[str, str]:
    """What init finds in its environment, in the order in which libvirt_lxc makes it."""
    number, consoles = uuid.format(domain.uuid or b""), len(domain.parts.consoles)
    made = {"PATH": PATH, "TERM": "linux", "container": "lxc-libvirt", "HOME": "/", "container_uuid": number}
    if consoles > 1:  # beside the first, which is /dev/console
        made["container_ttys"] = " ".join(f"tty{count}" for count in range(2, consoles + 1))
    made |= {"LIBVIRT_LXC_UUID": number, "LIBVIRT_LXC_NAME": domain.name}
    if domain.os is not None and domain.os.cmdline:
        made["LIBVIRT_LXC_CMDLINE"] = domain.os.cmdline
    given = () if domain.os is None else domain.os.initenv
    return made | {one.get("name") or "": one.text for one in given}


def variables(domain: Domain) -> list[str]:
    """The same, one `NAME=VALUE` each."""
    return [f"{name}={value}" for name, value in environment(domain).items()]


def init_command(domain: Domain) -> list[str]:
    """Init and its arguments."""
    os_part = domain.os
    assert os_part is not None
    return [os_part.init or "", *(one.text for one in os_part.initarg)]


def command_line(domain: Domain) -> str:
    """Init and its arguments in one line of a configuration, where liblxc cuts at each space.

    :raises VirtError: CONFIG_UNSUPPORTED for an argument with a space in it.
    """
    words = init_command(domain)
    if any(" " in word for word in words):
        detail = "liblxc's configuration cannot say an argument of init that has a space in it"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
    return f"lxc.init.cmd = {' '.join(words)}"


def account(root: Path | None, name: str, table: str) -> int:
    """The number of a user or group inside the container (passwd(5), group(5)).

    :param table: `passwd` or `group`.
    :raises VirtError: INTERNAL_ERROR if it has none, or the root cannot be looked into.
    """
    if name.isascii() and name.isdigit():
        return int(name)
    place = inside(root, f"/etc/{table}") if root is not None else None
    for known, number in _accounts(place):
        if known == name:
            return number
    raise StartFailed(f"internal error: {'User' if table == 'passwd' else 'Group'} {name} doesn't exist")


def _accounts(place: Path | None) -> Iterator[tuple[str, int]]:
    if place is None:
        return
    try:
        lines = place.read_text(errors="replace").splitlines()
    except OSError as error:
        raise system_error(error, f"cannot read {place}", ErrorDomain.LXC) from error
    for line in lines:
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isdigit():
            yield fields[0], int(fields[2])
