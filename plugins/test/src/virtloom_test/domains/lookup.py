"""Finding and naming domains, where the test driver differs from others."""

from __future__ import annotations

from virtloom.driver.domains import DomainLookup
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.state import TestDomain


class Lookup(DomainsBase, DomainLookup[TestDomain]):
    """The calls that find, list and name domains."""

    def _not_found(self, wanted: str) -> VirtError:
        return VirtError(ErrorCode.NO_DOMAIN)  # libvirt's test driver does not say what was looked for

    def domain_is_updated(self, dom: DomainHandle) -> bool:
        """`virDomainIsUpdated`: a test domain never is."""
        self._find(dom)
        return False

    def domain_get_os_type(self, dom: DomainHandle) -> str:
        """`virDomainGetOSType`: libvirt's test driver says the same of every guest."""
        self._find(dom)
        return "linux"

    def domain_get_hostname(self, dom: DomainHandle, flags: int) -> str:
        """`virDomainGetHostname`: a guest is called after its domain."""
        check_flags(flags, 0, "testDomainGetHostname")
        with self._reading(dom) as state:
            state.require_active()
            return f"{dom.name}host"
