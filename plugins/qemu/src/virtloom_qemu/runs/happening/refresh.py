"""What a guest's process chose by itself, asked of its monitor and put into the live definition."""

from __future__ import annotations

from typing import Any

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import CharDevice
from virtloom_qemu.agent.channel import with_states
from virtloom_qemu.runs.happening.modules import plugged, with_modules
from virtloom_qemu.runs.talk import Talk

KINDS = ("serials", "parallels", "consoles", "channels")
KIB = 1024


def refresh(talk: Talk, live: Domain, *, states: bool = True) -> Domain:
    """The live definition with the terminals that were opened and the memory that the guest has, and where.

    :param states: whether channels say if the guest has them open; one that has just come says so when it is told.
    :raises VirtError: if the monitor fails.
    """
    chardevs = talk.ask("query-chardev")
    opened = with_terminals(live, chardevs)
    return with_balloon(with_modules(with_states(opened, chardevs) if states else opened, talk), talk)


def vcpu_threads(talk: Talk) -> dict[int, int]:
    """The host's threads that are the guest's processors (`qemuDomainRefreshVcpuInfo`); {} if they share one."""
    told = talk.ask("query-cpus-fast")
    threads = {int(one["cpu-index"]): int(one["thread-id"]) for one in told}
    return threads if len(set(threads.values())) == len(threads) else {}


def iothread_threads(talk: Talk) -> dict[int, int]:
    """The host's threads that are the guest's IO threads, by the guest's numbers for them (`query-iothreads`)."""
    told = talk.ask("query-iothreads")
    return {int(one["id"].removeprefix("iothread")): int(one["thread-id"]) for one in told if "iothread" in one["id"]}


def with_terminals(live: Domain, chardevs: list[dict[str, Any]]) -> Domain:
    """A definition whose pty devices say which terminal each is (`qemuProcessLookupPTYs`)."""
    opened = {str(one.get("label")): str(one.get("filename")) for one in chardevs}
    changes = {name: tuple(_with_terminal(one, opened) for one in getattr(live.parts, name)) for name in KINDS}
    return live.with_devices(**changes)


def _with_terminal(device: CharDevice, opened: dict[str, str]) -> CharDevice:
    alias = device.alias.get("name") if device.alias is not None else None
    file = opened.get(f"char{alias}", "")
    if device.type != "pty" or not file.startswith("pty:"):
        return device
    path = file.removeprefix("pty:")
    tty = path if device.tty is not None or device.target is None or _is_console(device) else None
    return device.replace(tty=tty, source=(Node("source", {"path": path}),))


def _is_console(device: CharDevice) -> bool:
    """Whether a device is shown as a console, which has its terminal in an attribute as well."""
    return device.target is not None and device.target.type in ("serial", "virtio")


def with_balloon(live: Domain, talk: Talk) -> Domain:
    """A definition with the memory that the guest has now (`qemuProcessRefreshBalloonState`)."""
    balloon = live.parts.memballoon
    if balloon is None or balloon.model == "none":
        return live
    told = talk.tries("query-balloon")
    return live if told is None else live.replace(current_memory=int(told["actual"]) // KIB + plugged(live))
