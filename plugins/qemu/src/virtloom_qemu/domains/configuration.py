"""What a domain is made of: its XML, and the simple questions about it."""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver.constants.domain import DomainXMLFlags as Xml
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import STRING, ULLONG, TypedParam, checked
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.formatting import format_domain
from virtloom.xmldef.domain.processors import vcpus_now
from virtloom_qemu.domains.base import DomainsBase

XML_FLAGS = Xml.SECURE | Xml.INACTIVE | Xml.UPDATE_CPU | Xml.MIGRATABLE


class Configuration(DomainsBase):
    """The calls that show a domain."""

    def domain_get_xml_desc(self, dom: DomainHandle, flags: int) -> str:
        """`virDomainGetXMLDesc`"""
        self._check_flags(flags, XML_FLAGS, "DomainGetXMLDesc")
        inactive = bool(flags & Xml.INACTIVE)
        with self._reading(dom) as state:
            definition = state.config if inactive else state.definition
            number = state.id if state.active and not inactive else None
        return format_domain(definition.replace(id=number), secure=bool(flags & Xml.SECURE), inactive=inactive)

    def domain_get_info(self, dom: DomainHandle) -> tuple[int, int, int, int, int]:
        """`virDomainGetInfo`: sizes in KiB, processor time in ns."""
        with self._reading(dom) as state:
            definition, now, run = state.definition, state.state, state.run
        current = definition.memory if definition.current_memory is None else definition.current_memory
        spent = 0 if run is None else run.process.cpu_time()
        return now, definition.memory, current, vcpus_now(definition), spent

    def domain_get_os_type(self, dom: DomainHandle) -> str:
        """`virDomainGetOSType`"""
        part = self._view(dom).definition.os
        return part.type.name if part is not None and part.type is not None else ""

    def domain_is_updated(self, dom: DomainHandle) -> bool:
        """`virDomainIsUpdated`: whether it was defined anew while it runs."""
        with self._reading(dom) as state:
            return state.updated

    def domain_get_max_memory(self, dom: DomainHandle) -> int:
        """`virDomainGetMaxMemory`, in KiB."""
        return self._view(dom).definition.memory

    def domain_set_launch_security_state(self, dom: DomainHandle, params: Sequence[TypedParam], flags: int) -> None:
        """`virDomainSetLaunchSecurityState`: refused, since no guest here has SEV."""
        self._check_flags(flags, 0, "DomainSetLaunchSecurityState")
        checked(params, {"sev-secret-header": STRING, "sev-secret": STRING, "sev-secret-set-address": ULLONG})
        self._find(dom)
        detail = "setting a launch secret is only supported in SEV-enabled domains"
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
