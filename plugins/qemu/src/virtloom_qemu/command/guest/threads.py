"""Threads that do the I/O of disks (`qemuBuildIOThreadCommandLine`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.command.values import optional, text_of
from virtloom_qemu.definition.guest import Guest


def add_iothreads(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every thread, and the settings of the main loop."""
    listed = guest.root.find("iothreadids")
    threads = list(listed.all("iothread")) if listed is not None else []
    if not threads:
        count = int(text_of(guest.root, "iothreads") or 0)
        threads = [Node("iothread", {"id": str(number)}) for number in range(1, count + 1)]
    for thread in threads:
        line.object("iothread", f"iothread{thread.get('id')}", _pool(thread))
    main = guest.root.find("defaultiothread")
    if main is not None:
        line.object("main-loop", "main-loop", _pool(main))


def _pool(thread: Node) -> dict[str, int | None]:
    return {f"thread-pool-{end}": optional(thread, f"thread_pool_{end}") for end in ("min", "max")}
