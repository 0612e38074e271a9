"""What the parts of a domain cannot be together (`virDomainDefValidateInternal`)."""

from __future__ import annotations

from collections.abc import Iterator

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import invalid, unsupported
from virtloom.xmldef.domain.definition import Devices, Domain
from virtloom.xmldef.values import cpus, scaled

PERIOD, QUOTA, SHARES = (1000, 1_000_000), (1000, 17592186044415), (2, 262144)  # VIR_CGROUP_CPU_*
LIMITS = {"shares": SHARES} | {
    f"{who}{what}": span
    for what, span in (("period", PERIOD), ("quota", QUOTA))
    for who in ("", "global_", "emulator_", "iothread_")
}
MENU_MAX = 65535


def aliases(domain: Domain) -> None:
    """Names that users give devices are each given once (`virDomainDefValidateAliases`)."""
    seen: set[str] = set()
    serial = domain.parts.serials[0].alias if domain.parts.serials else None
    for tag, alias in _aliases(domain.parts):
        name = alias.get("name") or ""
        if not name.startswith("ua-"):
            continue
        if tag == "console" and serial is not None and serial.get("name") == name:
            continue  # the console that is the first serial port
        if name in seen:
            raise unsupported(f"non unique alias detected: {name}")
        seen.add(name)


def _aliases(parts: Devices) -> Iterator[tuple[str, Node]]:
    """Every device's kind and name, if it has one."""
    for field in parts.fields:
        held = getattr(parts, field.name)
        for device in held if type(held) is tuple else (held,):
            alias = device.find("alias") if isinstance(device, Node) else getattr(device, "alias", None)
            if alias is not None:
                yield field.xml, alias


def remapping(domain: Domain) -> None:
    """Interrupts are remapped where QEMU has their controller (`virDomainDefIOMMUValidate`)."""
    unit = domain.parts.iommu
    driver = None if unit is None else unit.find("driver")
    if driver is None:
        return
    controller = domain.features.find("ioapic") if domain.features is not None else None
    if driver.get("intremap") == "on" and (controller is None or controller.get("driver") != "qemu"):
        raise unsupported("IOMMU interrupt remapping requires split I/O APIC (ioapic driver='qemu')")
    if driver.get("eim") == "on" and driver.get("intremap") != "on":
        raise unsupported("IOMMU eim requires interrupt remapping to be enabled")


def huge_pages(domain: Domain) -> None:
    """Each cell has pages of one size (`virDomainDefMemtuneValidate`)."""
    backing = domain.memory_backing
    holder = None if backing is None else backing.find("hugepages")
    seen: list[tuple[int, frozenset[int] | None]] = []
    for page in () if holder is None else holder.all("page"):
        size = scaled(int(page.get("size") or 0), page.get("unit"), 1024) // 1024
        nodes = cpus.parse(page.get("nodeset") or "") if page.get("nodeset") else None
        for other, theirs in seen:
            if nodes is not None and theirs is not None and nodes & theirs:
                raise invalid(f"nodeset attribute of hugepages of sizes {size} and {other} intersect")
            if nodes is None and theirs is None:
                raise invalid(f"two master hugepages detected: {size} and {other}")
        seen.append((size, nodes))
        beyond = sorted(node for node in nodes or () if node >= max(_cells(domain), 0))
        if beyond:
            raise invalid(f"hugepages: node {beyond[0]} not found")


def _cells(domain: Domain) -> int:
    return 0 if domain.cpu is None else sum(1 for numa in domain.cpu.all("numa") for _ in numa.all("cell"))


def processor_limits(domain: Domain) -> None:
    """What control groups take (`virDomainDefCputuneValidate`)."""
    tune = domain.cputune
    for name, (low, high) in LIMITS.items() if tune is not None else ():
        node = tune.find(name) if tune is not None else None
        text = "" if node is None else node.text.strip()
        if text.isdecimal() and int(text) > 0 and not low <= int(text) <= high:
            raise unsupported(f"Value of cputune '{name}' must be in range [{low}, {high}]")


def boot_times(domain: Domain) -> None:
    """How long the firmware waits (`virDomainDefBootValidate`)."""
    menu = domain.os.bootmenu if domain.os is not None else None
    bios = domain.os.bios if domain.os is not None else None
    wait = menu.get("timeout") if menu is not None and menu.get("enable") == "yes" else None
    delay = bios.get("rebootTimeout") if bios is not None else None
    if wait is not None and int(wait) > MENU_MAX:
        raise unsupported("invalid value for boot menu timeout, must be in range [0,65535]")
    if delay is not None and not -1 <= int(delay) <= MENU_MAX:
        raise unsupported("invalid value for rebootTimeout, must be in range [-1,65535]")


def blkio_devices(domain: Domain) -> None:
    """A disk of the host's is limited once (`virDomainDefTunablesValidate`)."""
    seen: set[str] = set()
    for device in () if domain.blkiotune is None else domain.blkiotune.all("device"):
        path = next((one.text for one in device.all("path")), "")
        if path in seen:
            raise unsupported(f"duplicate blkio device path '{path}'")
        seen.add(path)


def folder_targets(domain: Domain) -> None:
    """Folders over virtiofs are called differently (`virDomainDefFSValidate`)."""
    seen: set[str | None] = set()
    for one in domain.parts.filesystems:
        if one.value("driver", "type") == "virtiofs":
            target = one.value("target", "dir")
            if target in seen:
                raise unsupported(f"filesystem target '{target}' specified twice")
            seen.add(target)


def thread_pools(domain: Domain) -> None:
    """The bounds of a pool of threads are its least and its most (`virDomainDefValidateIOThreads`)."""
    for one in _pools(domain):
        most = int(one.get("thread_pool_max") or -1)
        if most == 0:
            raise unsupported("thread_pool_max must be a positive integer")
        if int(one.get("thread_pool_min") or -1) > most:
            raise unsupported("thread_pool_min must be smaller or equal to thread_pool_max")


def _pools(domain: Domain) -> Iterator[Node]:
    yield from () if domain.iothreadids is None else domain.iothreadids.all("iothread")
    if domain.defaultiothread is not None:
        yield domain.defaultiothread
