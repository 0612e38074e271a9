"""A definition as a configuration for liblxc's own tools: what `lxc-start` needs to run the same container."""

from __future__ import annotations

from collections.abc import Iterator

from virtloom.driver.cgroups import Hierarchy
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container import config
from virtloom_lxc.links import making
from virtloom_lxc.links.inside import Inside


def to_native(domain: Domain, hierarchy: Hierarchy) -> str:
    """The configuration of a definition.

    :raises VirtError: CONFIG_UNSUPPORTED for what liblxc cannot be told.
    """
    lines = [f"lxc.uts.name = {domain.name}", f"lxc.arch = {arch}" if (arch := _arch(domain)) else ""]
    lines += [f"lxc.tty.max = {len(domain.parts.consoles)}", *config.portable_lines(domain, hierarchy)]
    lines += _network(domain)
    return "".join(f"{line}\n" for line in lines if line)


def _arch(domain: Domain) -> str | None:
    return domain.os.type.arch if domain.os is not None and domain.os.type is not None else None


def _network(domain: Domain) -> Iterator[str]:
    interfaces = domain.parts.interfaces
    number = 0
    for one, name in zip(interfaces, making.names(interfaces), strict=True):
        source = one.source.attrs if one.source is not None else {}
        given = dict(Inside.of("", name, one.link, one.ip, one.route).settings())
        kind = "macvlan" if one.type == "direct" else "veth"
        given |= {"type": kind, "link": source.get("dev") or source.get("bridge") or source.get("network") or ""}
        if kind == "macvlan":
            given["macvlan.mode"] = source.get("mode") or "vepa"
        if one.mac is not None and one.mac.address is not None:
            given["hwaddr"] = one.mac.address
        yield from (f"lxc.net.{number}.{key} = {value}" for key, value in given.items() if value)
        number += 1
    for passed in making.passed(domain):
        yield from (f"lxc.net.{number}.{key} = {value}" for key, value in passed.settings())
        number += 1
    private = domain.features is not None and domain.features.find("privnet") is not None
    if not number:
        yield f"lxc.net.0.type = {'empty' if private else 'none'}"
