"""What the test driver knows of its guests."""

from __future__ import annotations

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Target
from virtloom.xmldef.domain.rules import DomainRules


def interface_names(domain: Domain) -> Domain:
    """Each interface has a name on the host, which libvirt gives at the definition (`testDomainGenerateIfnames`)."""
    interfaces = list(domain.parts.interfaces)
    taken = {one.target.dev for one in interfaces if one.target is not None}
    for place, one in enumerate(interfaces):
        if one.target is None or one.target.dev is None:
            name = next(name for name in (f"testnet{n}" for n in range(1024)) if name not in taken)
            taken.add(name)
            interfaces[place] = one.replace(target=(one.target or Target()).replace(dev=name))
    return domain.with_devices(interfaces=tuple(interfaces))


RULES = DomainRules(types=("test",), arches=("i686",), os_types=("hvm", "xen"), defaults=(interface_names,))
