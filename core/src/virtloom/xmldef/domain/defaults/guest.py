"""Memory, processors, what the guest boots from, its clock and what happens at its end."""

from __future__ import annotations

from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.parts import Boot, Clock, Os, Vcpu


def memory(domain: Domain) -> Domain:
    """The guest has now what it has at most, unless told otherwise; never more."""
    total = domain.memory or _memory_of_cells(domain)
    if not total:
        detail = "Memory size must be specified via <memory> or in the <numa> configuration"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
    current = min(domain.current_memory or total, total)
    return domain.replace(memory=total, current_memory=current)


def _memory_of_cells(domain: Domain) -> int:
    """The sum of the NUMA cells' memory in KiB."""
    numa = domain.cpu.find("numa") if domain.cpu is not None else None
    cells = numa.all("cell") if numa is not None else ()
    return sum(int(cell.get("memory") or 0) for cell in cells)


def vcpus(domain: Domain) -> Domain:
    """One processor, placed by the host's kernel."""
    vcpu = domain.vcpu or Vcpu()
    if vcpu.maximum == 0:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "CPU IDs in <numa> exceed the <vcpu> count", ErrorDomain.DOMAIN)
    if vcpu.current is not None and vcpu.current > vcpu.maximum:
        detail = "maximum vCPU count must not be less than current vCPU count"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
    current = None if vcpu.current == vcpu.maximum else vcpu.current
    return domain.replace(vcpu=vcpu.replace(placement=vcpu.placement or "static", current=current))


def boot(domain: Domain) -> Domain:
    """A guest with a BIOS boots from its first disk."""
    os = domain.os or Os()
    if domain.bootloader is not None:
        return domain
    bootable: tuple[Any, ...] = (*domain.parts.disks, *domain.parts.interfaces, *domain.parts.hostdevs)
    ordered = any(device.boot is not None for device in bootable)
    ordered = ordered or any(device.find("boot") for device in domain.parts.redirdevs)
    if os.boot or ordered or os.type is None or os.type.name != "hvm":
        return domain
    return domain.replace(os=os.replace(boot=(Boot(dev="hd"),)))


def iothreads(domain: Domain) -> Domain:
    """If some threads have a number, all have one: the lowest that are free (`virDomainIOThreadIDDefArrayInit`)."""
    given = list(domain.iothreadids.all("iothread")) if domain.iothreadids is not None else []
    if not given:
        return domain
    count = max(domain.iothreads or 0, len(given))
    taken = {one.get("id") for one in given}
    free = (str(number) for number in range(1, count + 1) if str(number) not in taken)
    node = Node("iothreadids")
    node.children = [*given, *(Node("iothread", {"id": next(free)}) for _ in range(count - len(given)))]
    return domain.replace(iothreads=count, iothreadids=node)


def firmware(domain: Domain) -> Domain:
    """Keys that are enrolled are of use only if the firmware looks at them (`virDomainDefPostParseOs`)."""
    node = domain.os.firmware_features if domain.os is not None else None
    if domain.os is None or node is None:
        return domain
    enabled = {one.get("name"): one.get("enabled") for one in node.all("feature")}
    if enabled.get("enrolled-keys") != "yes":
        return domain
    if enabled.get("secure-boot") == "no":
        detail = "firmware feature 'enrolled-keys' cannot be enabled when firmware feature 'secure-boot' is disabled"
        raise VirtError(ErrorCode.XML_DETAIL, detail, ErrorDomain.DOMAIN)
    features = Node("firmware")
    features.children = [Node("feature", {"enabled": "yes", "name": name}) for name in ("enrolled-keys", "secure-boot")]
    return domain.replace(os=domain.os.replace(firmware_features=features))


def clock(domain: Domain) -> Domain:
    """The clock shows UTC, and what happens at the guest's end is what libvirt chose."""
    return domain.replace(
        clock=domain.clock or Clock(),
        on_poweroff=domain.on_poweroff or "destroy",
        on_reboot=domain.on_reboot or "restart",
        on_crash=domain.on_crash or "destroy",
    )


def plain_metadata(domain: Domain) -> Domain:
    """An empty `<metadata/>` says nothing."""
    node = domain.metadata
    return domain.replace(metadata=None) if node is not None and not node.children else domain
