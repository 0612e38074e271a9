"""What a container is and how it is: its XML, its state, its labels."""

from __future__ import annotations

import json
import sys

from virtloom.driver.cgroups import files
from virtloom.driver.constants.domain import DomainInterfaceAddressesSource as Source
from virtloom.driver.constants.domain import DomainXMLFlags
from virtloom.driver.domains import DomainAddresses
from virtloom.driver.domains.addresses import Addresses
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.formatting import format_domain
from virtloom_lxc.domains.base import ContainersBase
from virtloom_lxc.domains.state import Container
from virtloom_lxc.host import label_of

TELL_WITHIN = 20.0  # s, for the addresses inside to be told
XML_FLAGS = DomainXMLFlags.SECURE | DomainXMLFlags.INACTIVE | DomainXMLFlags.MIGRATABLE


class Info(ContainersBase, DomainAddresses[Container]):
    """The calls that read a definition or the little that every domain tells of itself."""

    def domain_get_xml_desc(self, dom: DomainHandle, flags: int) -> str:
        """`virDomainGetXMLDesc`"""
        self._check_flags(flags, XML_FLAGS, "DomainGetXMLDesc")
        inactive = bool(flags & DomainXMLFlags.INACTIVE)
        with self._reading(dom) as state:
            definition = state.config if inactive else state.definition
            number = state.id
        secure = bool(flags & DomainXMLFlags.SECURE)
        if number < 0:
            return format_domain(definition, secure=secure, inactive=inactive)
        return format_domain(definition, secure=secure, inactive=inactive, id=number)

    def domain_get_info(self, dom: DomainHandle) -> tuple[int, int, int, int, int]:
        """`virDomainGetInfo`: sizes in KiB, time in ns."""
        with self._reading(dom) as state:
            definition, shown, run = state.definition, state.state, state.run
        memory, time = definition.current_memory or definition.memory, 0
        if run is not None:
            memory, time = run.group.usage(files.MEMORY_USAGE), run.group.cpu_time()
        vcpus = definition.vcpu.maximum if definition.vcpu is not None else 1
        return shown, definition.memory, memory, vcpus, time

    def domain_get_os_type(self, dom: DomainHandle) -> str:
        """`virDomainGetOSType`"""
        definition = self._view(dom).definition
        kind = definition.os.type if definition.os is not None else None
        return kind.name if kind is not None else "exe"

    def domain_get_max_memory(self, dom: DomainHandle) -> int:
        """`virDomainGetMaxMemory`, in KiB."""
        return self._view(dom).definition.memory

    def domain_is_updated(self, dom: DomainHandle) -> bool:
        """`virDomainIsUpdated`: whether its definition was changed while it runs is not told by libvirt's driver."""
        self._find(dom)
        return False

    def domain_has_managed_save_image(self, dom: DomainHandle, flags: int) -> bool:
        """`virDomainHasManagedSaveImage`: a container is never saved."""
        self._check_flags(flags, 0, "DomainHasManagedSaveImage")
        self._find(dom)
        return False

    def domain_get_security_label(self, dom: DomainHandle) -> tuple[list[int], bool]:
        """`virDomainGetSecurityLabel`: the label of init, where the host confines processes."""
        with self._reading(dom) as state:
            init = state.id
        return [*label_of(init).encode(), 0], False

    def domain_undefine_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainUndefineFlags`"""
        self._check_flags(flags, 0, "DomainUndefineFlags")
        self.undefine(dom)

    def domain_interface_addresses(self, dom: DomainHandle, source: int, flags: int) -> Addresses:
        """`virDomainInterfaceAddresses`: leases and neighbours as for all guests; for an agent, the kernel tells.

        Those are all interfaces of the container's network, by their names inside; libvirt's driver has nothing to ask.
        """
        if source != Source.AGENT:
            return super().domain_interface_addresses(dom, source, flags)
        self._check_flags(flags, 0, "DomainInterfaceAddresses")
        argv = [sys.executable, "-P", "-m", "virtloom_lxc.links.addresses", str(self._run(dom).report.init)]
        told = json.loads(self.host.run(argv, deadline=TELL_WITHIN).stdout)
        return [(name, mac, [(kind, text, bits) for kind, text, bits in every]) for name, mac, every in told]

    def domain_get_hostname(self, dom: DomainHandle, flags: int) -> str:
        """`virDomainGetHostname`: the name that a container told the DHCP server of its network."""
        self._check_flags(flags, 1, "DomainGetHostname")
        with self._reading(dom) as state:
            state.require_active()
            definition = state.definition
        for lease in (lease for one in definition.parts.interfaces for lease in self._leases_of(one)):
            if lease.hostname:
                return lease.hostname
        raise VirtError(ErrorCode.NO_HOSTNAME, f"no hostname found for domain {dom.name}")
