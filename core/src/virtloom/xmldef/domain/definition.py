"""The whole of a domain, in the order in which `virDomainDefFormatInternal` writes it."""

from __future__ import annotations

from typing import Any

from virtloom.xmldef.definition import Definition, attr, child, children, computed, leaf, raw, raws
from virtloom.xmldef.document import Node, write
from virtloom.xmldef.domain.devices import (
    CharDevice,
    Controller,
    Disk,
    Graphics,
    Hostdev,
    Input,
    Interface,
    Video,
)
from virtloom.xmldef.domain.namespaces import read_namespaced, write_namespaced
from virtloom.xmldef.domain.parts import Clock, Memballoon, Os, Vcpu, size
from virtloom.xmldef.values import Number, Words, uuid

DOMAIN_TYPES = (
    "none", "qemu", "kvm", "xen", "lxc", "uml", "openvz", "test", "vmware", "hyperv", "vbox", "phyp", "parallels",
    "bhyve", "vz", "hvf",
)  # fmt: skip
POWER_ACTIONS = ("destroy", "restart", "rename-restart", "preserve")
CRASH_ACTIONS = (*POWER_ACTIONS, "coredump-destroy", "coredump-restart")


def _read_dump_core(node: Node) -> str | None:
    memory = node.find("memory")
    return None if memory is None else memory.get("dumpCore")


def _write_dump_core(value: str, node: Node) -> None:
    memory = node.find("memory")
    if memory is not None:
        memory.attrs = {"dumpCore": value, **memory.attrs}


class Devices(Definition, tag="devices"):
    """All devices."""

    emulator: str | None = leaf()
    disks: tuple[Disk, ...] = children(Disk, "disk")
    controllers: tuple[Controller, ...] = children(Controller, "controller")
    leases: tuple[Node, ...] = raws("lease")
    filesystems: tuple[Node, ...] = raws("filesystem")
    interfaces: tuple[Interface, ...] = children(Interface, "interface")
    smartcards: tuple[Node, ...] = raws("smartcard")
    serials: tuple[CharDevice, ...] = children(CharDevice, "serial")
    parallels: tuple[CharDevice, ...] = children(CharDevice, "parallel")
    consoles: tuple[CharDevice, ...] = children(CharDevice, "console")
    channels: tuple[CharDevice, ...] = children(CharDevice, "channel")
    inputs: tuple[Input, ...] = children(Input, "input")
    tpms: tuple[Node, ...] = raws("tpm")
    graphics: tuple[Graphics, ...] = children(Graphics, "graphics")
    sounds: tuple[Node, ...] = raws("sound")
    audios: tuple[Node, ...] = raws("audio")
    videos: tuple[Video, ...] = children(Video, "video")
    hostdevs: tuple[Hostdev, ...] = children(Hostdev, "hostdev")
    redirdevs: tuple[Node, ...] = raws("redirdev")
    redirfilter: Node | None = raw()
    hubs: tuple[Node, ...] = raws("hub")
    watchdogs: tuple[Node, ...] = raws("watchdog")
    memballoon: Memballoon | None = child(Memballoon)
    rngs: tuple[Node, ...] = raws("rng")
    nvram: Node | None = raw()
    panics: tuple[Node, ...] = raws("panic")
    shmems: tuple[Node, ...] = raws("shmem")
    memories: tuple[Node, ...] = raws("memory")
    iommu: Node | None = raw()
    vsock: Node | None = raw()
    cryptos: tuple[Node, ...] = raws("crypto")


class Domain(Definition, tag="domain"):
    """A domain."""

    type: str = attr(Words(*DOMAIN_TYPES), required=True)
    id: int | None = attr(Number(-1, (1 << 31) - 1))
    name: str = leaf()
    uuid: bytes | None = leaf(uuid)
    genid: Node | None = raw()
    title: str | None = leaf()
    description: str | None = leaf()
    metadata: Node | None = raw()
    max_memory: Node | None = raw("maxMemory")
    memory: int = size()
    dump_core: str | None = computed(_read_dump_core, _write_dump_core)
    current_memory: int | None = size("currentMemory")
    blkiotune: Node | None = raw()
    memtune: Node | None = raw()
    memory_backing: Node | None = raw("memoryBacking")
    vcpu: Vcpu | None = child(Vcpu)
    vcpus: Node | None = raw()
    iothreads: int | None = leaf(Number(0))
    iothreadids: Node | None = raw()
    defaultiothread: Node | None = raw()
    cputune: Node | None = raw()
    numatune: Node | None = raw()
    resource: Node | None = raw()
    sysinfo: tuple[Node, ...] = raws()
    bootloader: str | None = leaf()
    bootloader_args: str | None = leaf()
    os: Os | None = child(Os)
    idmap: Node | None = raw()
    features: Node | None = raw()
    cpu: Node | None = raw()
    clock: Clock | None = child(Clock)
    on_poweroff: str = leaf(Words(*POWER_ACTIONS))
    on_reboot: str = leaf(Words(*POWER_ACTIONS))
    on_crash: str = leaf(Words(*CRASH_ACTIONS))
    on_lockfailure: str | None = leaf(Words("poweroff", "restart", "pause", "ignore"))
    pm: Node | None = raw()
    perf: Node | None = raw()
    devices: Devices | None = child(Devices)
    seclabel: tuple[Node, ...] = raws()
    keywrap: Node | None = raw()
    launch_security: Node | None = raw("launchSecurity")
    namespaced: tuple[Node, ...] = computed(read_namespaced, write_namespaced, ())

    @property
    def parts(self) -> Devices:
        """The devices, empty if there are none."""
        return self.devices or Devices()

    def with_devices(self, **changes: Any) -> Domain:
        """Another definition, with some kinds of devices changed."""
        changed = self.parts.replace(**changes)
        return self if changed is self.devices else self.replace(devices=changed)

    def without_secrets(self) -> Domain:
        """Another definition, without what only the domain's owner may see: passwords and cookies."""
        parts = self.parts
        if not parts.graphics and not parts.disks:
            return self
        return self.with_devices(
            graphics=tuple(one.replace(passwd=None) for one in parts.graphics),
            disks=tuple(one.without_cookies() for one in parts.disks),
        )

    def format(self, indent: int = 0, *, secure: bool = False) -> str:
        """The definition as text, as libvirt writes it.

        :param secure: whether what only the domain's owner may see is shown (`VIR_DOMAIN_XML_SECURE`).
        """
        return write((self if secure else self.without_secrets()).node(), indent)
