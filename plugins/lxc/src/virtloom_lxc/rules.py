"""What the LXC driver knows of its guests: what it fills in, and what it refuses when it reads a definition."""

from __future__ import annotations

import os
from pathlib import Path

from virtloom.driver.node.kernel import text
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import CharTarget
from virtloom.xmldef.domain.labels import NO_MODEL, with_model
from virtloom.xmldef.domain.rules import DomainRules

# The program that libvirt would run, and that its clients know LXC by; it is kept as it was written and never run.
EMULATOR = "/usr/lib/libvirt/libvirt_lxc"
ARCHES = {"x86_64": ("x86_64", "i686"), "aarch64": ("aarch64", "armv7l")}
APPARMOR = Path("/sys/module/apparmor/parameters/enabled")
SELINUX = Path("/sys/fs/selinux/enforce")
SHARED = ("sharenet", "shareipc", "shareuts")
SHARED_BY = ("none", "name", "pid", "netns")


def emulator(domain: Domain) -> Domain:
    """The emulator is the one that libvirt's clients expect (`virLXCDomainDefPostParse`)."""
    return domain if domain.parts.emulator else domain.with_devices(emulator=EMULATOR)


def init(domain: Domain) -> Domain:
    """A container says what its init is (`virDomainDefPostParseCommon`).

    :raises VirtError: XML_ERROR if it does not.
    """
    if domain.os is None or not domain.os.init:
        raise VirtError(ErrorCode.XML_ERROR, "init binary must be specified", ErrorDomain.DOMAIN)
    return domain


def consoles(domain: Domain) -> Domain:
    """Consoles are LXC's own (`virLXCDomainDeviceDefPostParse`)."""

    def own(target: CharTarget | None) -> CharTarget:
        target = target or CharTarget()
        return target if target.type else target.replace(type="lxc")

    return domain.with_devices(consoles=tuple(one.replace(target=own(one.target)) for one in domain.parts.consoles))


def namespaces(domain: Domain) -> Domain:
    """What is shared is said in libvirt's order, once each (`lxcDomainDefNamespaceParse`).

    :raises VirtError: CONFIG_UNSUPPORTED or INTERNAL_ERROR.
    """
    given = [child for node in domain.namespaced if node.tag == "lxc:namespace" for child in node.children]
    if not given:
        return domain.replace(namespaced=())
    for child in given:
        _check_shared(child)
    made = Node("lxc:namespace")
    for name in SHARED:
        found = [child for child in given if child.tag == f"lxc:{name}" and child.get("type") != "none"]
        made.children += found[-1:]
    return domain.replace(namespaced=(made,))


def _check_shared(child: Node) -> None:
    name = child.tag.partition(":")[2]
    if name not in SHARED:
        detail = f"unsupported Namespace feature: {name}"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
    kind = child.get("type")
    if kind is None or child.get("value") is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "No lxc environment type specified", ErrorDomain.LXC)
    if kind not in SHARED_BY:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unknown LXC namespace source '{kind}'", ErrorDomain.LXC)


def labels(domain: Domain) -> Domain:
    """A label that names no model is of the host's.

    :raises VirtError: XML_ERROR.
    """
    return domain.replace(seclabel=with_model(domain.seclabel, security_model()))


def security_model() -> str:
    """What confines processes on this host: `apparmor`, `selinux` or `none`."""
    if text(APPARMOR) == "Y":
        return "apparmor"
    return "selinux" if SELINUX.exists() else NO_MODEL


def shares(domain: Domain) -> dict[str, tuple[str, str]]:
    """The namespaces that a container shares: each one's kind and value, by libvirt's name for it."""
    return {
        child.tag.partition(":")[2]: (child.get("type") or "", child.get("value") or "")
        for node in domain.namespaced
        for child in node.children
    }


RULES = DomainRules(
    types=("lxc",),
    arches=ARCHES.get(os.uname().machine, (os.uname().machine,)),
    os_types=("exe",),
    first=(init, consoles, namespaces, labels),
    defaults=(emulator,),
    namespace="lxc",
)
