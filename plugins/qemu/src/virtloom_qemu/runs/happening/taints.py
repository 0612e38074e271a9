"""What makes a guest unsupported: things done to it or asked for it that libvirt warns of (`virDomainTaintFlags`)."""

from __future__ import annotations

from enum import IntEnum

from virtloom.xmldef.domain.definition import Domain


class Taint(IntEnum):
    """One kind, by libvirt's number."""

    CUSTOM_ARGV = 0
    CUSTOM_MONITOR = 1
    HIGH_PRIVILEGES = 2
    SHELL_SCRIPTS = 3
    DISK_PROBING = 4
    EXTERNAL_LAUNCH = 5
    HOST_CPU = 6
    HOOK = 7
    CDROM_PASSTHROUGH = 8
    CUSTOM_DTB = 9
    CUSTOM_GA_COMMAND = 10
    CUSTOM_HYPERVISOR_FEATURE = 11
    DEPRECATED_CONFIG = 12
    CUSTOM_DEVICE = 13


MESSAGES = (
    "custom configuration parameters specified",
    "custom monitor control commands issued",
    "running with undesirable elevated privileges",
    "network configuration using opaque shell scripts",
    "dangerous use of disk format probing",
    "managing externally launched configuration",
    "potentially unsafe use of host CPU passthrough",
    "configuration potentially modified by hook script",
    "use of host cdrom passthrough",
    "custom device tree blob used",
    "custom guest agent control commands issued",
    "hypervisor feature autodetection override",
    "use of deprecated configuration settings",
    "custom device configuration",
)


def taints_of(live: Domain) -> frozenset[int]:
    """What a definition taints its run with from the start (`qemuDomainObjCheckTaint`)."""
    found = set()
    names = {node.tag.rpartition(":")[2] for node in live.namespaced}
    if "commandline" in names:
        found.add(Taint.CUSTOM_ARGV)
    if "capabilities" in names:
        found.add(Taint.CUSTOM_HYPERVISOR_FEATURE)
    if "override" in names:
        found.add(Taint.CUSTOM_DEVICE)
    if live.cpu is not None and live.cpu.get("mode") == "host-passthrough":
        found.add(Taint.HOST_CPU)
    if live.os is not None and live.os.dtb is not None:
        found.add(Taint.CUSTOM_DTB)
    if any(one.script is not None for one in live.parts.interfaces):
        found.add(Taint.SHELL_SCRIPTS)
    if any(disk.device == "cdrom" and (disk.path or "").startswith("/dev/") for disk in live.parts.disks):
        found.add(Taint.CDROM_PASSTHROUGH)
    return frozenset(found)
