"""What the test driver knows of its guests."""

from __future__ import annotations

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Target, Video, VideoModel
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


RULES = DomainRules(
    types=("test",), arches=("i686",), os_types=("hvm", "xen"), first=(cards,), defaults=(interface_names,)
)
