"""The whole command line, in the order in which QEMU has to be told (`qemuBuildCommandLine`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command.block.reservations import add_own_manager
from virtloom_qemu.command.boot import boot_indexes, boot_options
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices import (
    audio,
    characters,
    controllers,
    disks,
    filesystems,
    graphics,
    hostdevs,
    inputs,
    interfaces,
    platform,
    rng,
    shmem,
    tpm,
    usb,
    video,
)
from virtloom_qemu.command.guest import clock, firmware, machine, memory, numa, processor, sysinfo, threads
from virtloom_qemu.command.line import CommandLine, comma
from virtloom_qemu.command.passthrough import add_own_arguments, overrides
from virtloom_qemu.command.values import text_of
from virtloom_qemu.definition.guest import Guest

Step = Callable[[Guest, Context, CommandLine], None]
MASTER_KEY = "masterKey0"  # the secret that a run's other secrets are encrypted with
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


def build(definition: Domain, context: Context, turns: Mapping[str, int] | None = None) -> CommandLine:
    """The command line of one run.

    :param definition: completed and prepared: every device has its place and its alias; see `prepare`.
    :param turns: by alias, which devices the guest's order of kinds means to boot from; found out unless given.
    :raises VirtError: CONFIG_UNSUPPORTED for what QEMU cannot do, INTERNAL_ERROR for what the host does not have.
    """
    guest = Guest(definition, context.emulator)
    guest.boot_indexes = boot_indexes(guest) if turns is None else dict(turns)
    line = CommandLine(context.emulator.path, overrides(guest))
    for step in STEPS:
        step(guest, context, line)
    return line


def _name(guest: Guest, context: Context, line: CommandLine) -> None:
    name = text_of(guest.root, "name") or ""
    folder = str(context.folder(name))
    line.env |= {"LC_ALL": "C", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    if context.privileged:
        line.env |= {"HOME": folder, "XDG_DATA_HOME": f"{folder}/.local/share"}
        line.env |= {"XDG_CACHE_HOME": f"{folder}/.cache", "XDG_CONFIG_HOME": f"{folder}/.config"}
    else:
        line.env["XDG_CACHE_HOME"] = f"{folder}/.cache"
    process = f",process=qemu:{comma(name)}" if context.settings.set_process_name else ""
    line.option("name", f"guest={comma(name)}{process},debug-threads=on")
    line.option("S")
    line.object("secret", MASTER_KEY, {"format": "raw", "file": f"{folder}/master-key.aes"})


def _uuid(guest: Guest, context: Context, line: CommandLine) -> None:
    line.option("uuid", text_of(guest.root, "uuid"))


def _monitor(guest: Guest, context: Context, line: CommandLine) -> None:
    if not guest.all("graphics"):
        line.option("display", "none")
    line.option("no-user-config")
    line.option("nodefaults")
    passed = context.descriptors.get("charmonitor")
    path = f"{context.folder(text_of(guest.root, 'name') or '')}/monitor.sock"
    end = f"fd={passed[0]}" if passed else f"path={comma(path)}"
    line.option("chardev", f"socket,id=charmonitor,{end},server=on,wait=off")
    line.option("mon", "chardev=charmonitor,id=monitor,mode=control")


def _boot(guest: Guest, context: Context, line: CommandLine) -> None:
    boot_options(guest, line)


def _card_readers(guest: Guest, context: Context, line: CommandLine) -> None:
    controllers.add_controllers_of(guest, line, "ccid")


def _incoming(guest: Guest, context: Context, line: CommandLine) -> None:
    if context.incoming is not None:
        line.option("incoming", context.incoming)


def _core_info(guest: Guest, context: Context, line: CommandLine) -> None:
    feature = guest.feature("vmcoreinfo")
    if feature is not None and feature.get("state") == "on":
        line.device({"driver": "vmcoreinfo"})
    if context.load_snapshot is not None:
        line.option("loadvm", context.load_snapshot)


def _sandbox(guest: Guest, context: Context, line: CommandLine) -> None:
    if context.emulator.has_option("sandbox"):
        line.option("sandbox", SANDBOX if context.settings.seccomp_sandbox else "off")


def _log(guest: Guest, context: Context, line: CommandLine) -> None:
    if context.settings.log_timestamp:
        line.option("msg", "timestamp=on")


STEPS: tuple[Step, ...] = (
    _name,
    add_own_manager,
    firmware.add_flash,
    machine.add_machine,
    processor.add_processor,
    firmware.add_loader,
    memory.add_memory,
    processor.add_count,
    threads.add_iothreads,
    numa.add_numa,
    _uuid,
    sysinfo.add_sysinfo,
    _monitor,
    clock.add_clock,
    machine.add_power,
    _boot,
    platform.add_iommu,
    controllers.add_controllers,
    memory.add_modules,
    usb.add_hubs,
    _card_readers,
    disks.add_disks,
    filesystems.add_filesystems,
    interfaces.add_interfaces,
    usb.add_smartcards,
    characters.add_serials,
    characters.add_parallels,
    characters.add_channels,
    characters.add_consoles,
    tpm.add_tpms,
    inputs.add_inputs,
    audio.add_audio,
    graphics.add_graphics,
    video.add_videos,
    audio.add_sounds,
    platform.add_watchdog,
    usb.add_redirections,
    hostdevs.add_hostdevs,
    _incoming,
    platform.add_balloon,
    rng.add_rngs,
    _core_info,
    add_own_arguments,
    _sandbox,
    platform.add_panics,
    shmem.add_shmems,
    platform.add_vsock,
    _log,
)
