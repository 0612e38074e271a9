"""Definitions from liblxc's own configurations, and back."""

from __future__ import annotations

from virtloom.driver.cgroups import host_hierarchy
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.formatting import format_domain
from virtloom_lxc.domains.base import ContainersBase
from virtloom_lxc.native.reading import from_native
from virtloom_lxc.native.writing import to_native

FORMAT = "lxc-tools"


class Conversion(ContainersBase):
    """The calls that convert; neither keeps anything."""

    def connect_domain_xml_from_native(self, nativeFormat: str, nativeConfig: str, flags: int) -> str:
        """`virConnectDomainXMLFromNative`"""
        self._check_flags(flags, 0, "ConnectDomainXMLFromNative")
        _check_format(nativeFormat)
        return format_domain(from_native(nativeConfig, self.rules))

    def connect_domain_xml_to_native(self, nativeFormat: str, domainXml: str, flags: int) -> str:
        """`virConnectDomainXMLToNative`, which libvirt's driver has not."""
        self._check_flags(flags, 0, "ConnectDomainXMLToNative")
        _check_format(nativeFormat)
        return to_native(self.rules.parse(domainXml), host_hierarchy())


def _check_format(name: str) -> None:
    if name != FORMAT:
        raise VirtError(ErrorCode.INVALID_ARG, f"unsupported config type {name}")
