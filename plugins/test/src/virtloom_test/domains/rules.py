"""What the test driver knows of its guests."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface, Target, Video, VideoModel
from virtloom.xmldef.domain.rules import DomainRules

MADE_UP = ("vnet", "macvtap", "macvlan")  # how the names begin that hosts give (`VIR_NET_GENERATED_*_PREFIX`)


def interface_names(domain: Domain) -> Domain:
    """Each interface has a name on the host, which libvirt gives at the definition (`testDomainGenerateIfnames`)."""
    interfaces = [_without_made_up(one) for one in domain.parts.interfaces]
    taken = {one.target.dev for one in interfaces if one.target is not None}
    number = 0
    for place, one in enumerate(interfaces):
        if one.target is None or one.target.dev is None:
            while (name := f"testnet{number}") in taken:
                number += 1
            taken.add(name)
            interfaces[place] = one.replace(target=(one.target or Target()).replace(dev=name))
    return domain.with_devices(interfaces=tuple(interfaces))


def _without_made_up(interface: Interface) -> Interface:
    """Without a name that a host has made up for a guest that ran: it is for that run alone."""
    target = interface.target
    if target is None or target.managed is False or not (target.dev or "").startswith(MADE_UP):
        return interface
    return interface.replace(target=target.replace(dev=None))


def cards(domain: Domain) -> Domain:
    """A guest with a display has a card; its kind follows from the guest's (`testDomainDevicesDefPostParse`)."""
    kind = domain.os.type if domain.os is not None else None
    card = "xen" if kind is not None and kind.name in ("xen", "linux") else "cirrus"
    if kind is not None and (kind.arch or "").startswith("ppc64"):
        card = "vga"
    videos = domain.parts.videos or ((Video(),) if domain.parts.graphics else ())
    models = (video.model or VideoModel() for video in videos)
    chosen = (model.replace(type=card) if model.type in (None, "default") else model for model in models)
    return domain.with_devices(
        videos=tuple(video.replace(model=model) for video, model in zip(videos, chosen, strict=True))
    )


def init_program(domain: Domain) -> None:
    """A container has a first program (`virDomainDefPostParseCommon`).

    :raises VirtError: XML_ERROR.
    """
    if domain.os is not None and domain.os.type is not None and domain.os.type.name == "exe" and not domain.os.init:
        raise VirtError(ErrorCode.XML_ERROR, "init binary must be specified", ErrorDomain.DOMAIN)


ARCHES = (
    "i686", "x86_64", "alpha", "armv6l", "armv7l", "armv7b", "aarch64", "cris", "ia64", "lm32", "m68k", "microblaze",
    "microblazeel", "mips", "mipsel", "mips64", "mips64el", "openrisc", "parisc", "parisc64", "ppc", "ppcle", "ppc64",
    "ppc64le", "ppcemb", "riscv32", "riscv64", "s390", "s390x", "sh4", "sh4eb", "sparc", "sparc64", "unicore32",
    "xtensa", "xtensaeb",
)  # fmt: skip
# libvirt's test driver looks at no capability: it takes every domain that there can be.
RULES = DomainRules(
    types=(),
    arches=ARCHES,
    os_types=("hvm", "xen", "linux", "exe", "uml", "xenpvh"),
    first=(cards,),
    defaults=(interface_names,),
    checks=(init_program,),
    repeatable=True,
)
