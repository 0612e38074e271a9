"""What the driver tells of the host, of the emulators and of itself."""

from __future__ import annotations

import os
import platform
from typing import Any

from virtloom.driver import DriverKind
from virtloom.driver.handles import DomainHandle
from virtloom.driver.node import NodeCalls
from virtloom.driver.node.cpu_models import MODELS, NAMELESS, model_names
from virtloom.driver.params import TypedParam
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.capabilities.domain import Choice, domain_capabilities
from virtloom_qemu.capabilities.emulator import Emulator
from virtloom_qemu.capabilities.host import host_capabilities
from virtloom_qemu.command.native import HostLookups, to_native
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.firmware import firmwares
from virtloom_qemu.runs.given.secrets import revealed

VCPUS_MAX = 16  # what libvirt says of TCG
NATIVE = "qemu-argv"
SLEEPS = ("Suspend-to-RAM", "Suspend-to-Disk", "Hybrid-Suspend")  # by the numbers of `virNodeSuspendTarget`
TYPES = ("qemu", "kvm")
DOMAIN_TYPES = frozenset(
    ["none", "qemu", "kqemu", "kvm", "xen", "lxc", "uml", "openvz", "test", "vmware", "hyperv", "vbox", "phyp"]
) | {"parallels", "bhyve", "vz", "hvf"}
FAMILIES = (("i686", "x86_64"), ("ppc64", "ppc64le", "ppc"), ("armv7l", "armv6l", "aarch64"), ("s390", "s390x"))


class HostCalls(NodeCalls, DomainsBase):
    """The calls about the connection and the node."""

    def connect_get_type(self) -> str:
        """`virConnectGetType`"""
        return "QEMU"

    def connect_get_version(self) -> int:
        """`virConnectGetVersion`: that of the emulator for this host's own architecture."""
        path = self.emulators.default_path(platform.machine())
        if path is None:
            raise _invalid(f"unable to find any emulator to serve '{platform.machine()}' architecture")
        major, minor, micro = self.emulators.lookup(path).version
        return 1_000_000 * major + 1000 * minor + micro

    def connect_get_max_vcpus(self, type: str | None) -> int:
        """`virConnectGetMaxVcpus`"""
        if type is not None and type.lower() not in TYPES:
            raise _invalid(f"unknown type '{type}'")
        return VCPUS_MAX

    def connect_get_cpu_model_names(self, arch: str, flags: int) -> list[str]:
        """`virConnectGetCPUModelNames`"""
        self._check_flags(flags, 0, "ConnectGetCPUModelNames")
        return model_names(arch)

    def connect_get_capabilities(self) -> str:
        """`virConnectGetCapabilities`"""
        label = self.identity.label if os.geteuid() == 0 else None
        return document.write(host_capabilities(self.emulators, label))

    def node_get_security_model(self) -> tuple[list[int], list[int]]:
        """`virNodeGetSecurityModel`: the first of them, which confines nothing; users' rights are the second."""
        return list(b"none\0"), list(b"0\0")

    def node_suspend_for_duration(self, target: int, duration: int, flags: int) -> None:
        """`virNodeSuspendForDuration`: refused for every target, as on a host that cannot sleep."""
        self._check_flags(flags, 0, "NodeSuspendForDuration")
        if not 0 <= target < len(SLEEPS):
            raise VirtError(ErrorCode.INVALID_ARG, "Invalid suspend target")
        raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, SLEEPS[target])

    def domain_get_security_label(self, dom: DomainHandle) -> tuple[list[int], int]:
        """`virDomainGetSecurityLabel`: that of the first security model, which gives none."""
        self._find(dom)
        return [0], 0

    def domain_get_security_label_list(self, dom: DomainHandle) -> tuple[list[tuple[list[int], int]], int]:
        """`virDomainGetSecurityLabelList`: whom a guest's process runs as."""
        with self._reading(dom) as state:
            labels = [node for node in state.definition.seclabel if state.active and node.find("label") is not None]
        texts = [label.need("label").text.strip() for label in labels]
        found = [(list(text.encode() + b"\0"), 0) for text in texts]
        return found, len(found)

    def domain_get_launch_security_info(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetLaunchSecurityInfo`: nothing, where no guest's memory is encrypted."""
        self._find(dom)
        return []

    # Guests.

    def connect_get_domain_capabilities(
        self,
        emulatorbin: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        flags: int,
    ) -> str:
        """`virConnectGetDomainCapabilities`"""
        self._check_flags(flags, 0, "ConnectGetDomainCapabilities")
        choice = self._choice(emulatorbin, arch, machine, virttype)
        installed = firmwares(choice.arch, choice.machine.name, self.settings.firmware_folders)
        return document.write(domain_capabilities(choice, installed))

    def _choice(self, path: str | None, arch: str | None, machine: str | None, domain_type: str | None) -> Choice:
        """What is asked about; what is left open is as for a guest that leaves it open."""
        if domain_type is not None and domain_type not in DOMAIN_TYPES:
            raise _invalid(f"unknown virttype: {domain_type}")
        if arch is not None and arch not in MODELS and arch not in NAMELESS:
            raise _invalid(f"unknown architecture: {arch}")
        wanted = arch or platform.machine()
        path = path or self.emulators.default_path(wanted)
        if path is None:
            detail = f"unable to find any emulator to serve '{wanted}' architecture"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
        emulator = self.emulators.lookup(path)
        if wanted not in emulator.arches and not _alike(wanted, emulator):
            detail = f"architecture from emulator '{emulator.arch}' doesn't match given architecture '{wanted}'"
            raise _invalid(detail)
        own = "kvm" if emulator.kvm else "qemu"
        domain_type = domain_type or own
        if domain_type == "kvm" and own == "qemu":
            raise _invalid(f"the accel '{domain_type}' is not supported by '{path}' on this host")
        found = emulator.default_machine if machine is None else emulator.machine(machine)
        if found is None:
            raise _invalid(f"the machine '{machine}' is not supported by emulator '{path}'")
        if domain_type not in TYPES:
            raise _invalid(f"Emulator '{path}' does not support virt type '{domain_type}'")
        return Choice(emulator, found, wanted, domain_type)

    def connect_domain_xml_to_native(self, native_format: str, domain_xml: str, flags: int) -> str:
        """`virConnectDomainXMLToNative`"""
        self._check_flags(flags, 0, "ConnectDomainXMLToNative")
        if native_format != NATIVE:
            raise _invalid(f"unsupported config type {native_format}")
        definition = self.rules.parse(domain_xml)
        emulator = self.emulators.lookup(definition.parts.emulator or "")
        secrets = self.host.driver(DriverKind.SECRET)
        lookups = HostLookups(lambda given: self._located(given, secrets), lambda live: revealed(live, secrets))
        return to_native(definition, emulator, self.settings, self.host.dirs.state, lookups)

    def _located(self, definition: Domain, secrets: Any) -> Domain:
        """A definition whose disks say where their volumes are; the last disk is refused first, as libvirt does."""
        found: list[Disk] = []
        for disk in reversed(definition.parts.disks):
            found.insert(0, self.disk_images.placed(disk))
            revealed(definition.with_devices(disks=(found[0],), hostdevs=()), secrets)
        return definition.with_devices(disks=tuple(found))


def _alike(arch: str, emulator: Emulator) -> bool:
    """Whether two architectures are of a family whose emulators run each other's guests."""
    return any(arch in family and emulator.arch in family for family in FAMILIES)


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, detail)
