"""What names a network answers for (`virNetworkDNSDefParseXML`)."""

from __future__ import annotations

import re
from typing import Any

from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, children, computed
from virtloom.xmldef.document import Node
from virtloom.xmldef.network.addresses import Address, numeric, parsed
from virtloom.xmldef.network.attributes import decimal, read_as
from virtloom.xmldef.network.refusal import bad, bad_detail

SERVICE_MAX = 512  # bytes of a service's name
_PROTOCOL = re.compile(r"[a-zA-Z0-9+/-]*", re.ASCII)
_SERVICE = re.compile(r"[a-zA-Z0-9_+/*-]*", re.ASCII)


class Forwarder(Definition, tag="forwarder"):
    """Who is asked what is not known here; for one domain, or for all."""

    domain: str | None = attr()
    addr: Address | None = attr(numeric)


class Txt(Definition, tag="txt"):
    """A text record."""

    name: str = attr()
    value: str | None = attr()


class Srv(Definition, tag="srv"):
    """A service record."""

    service: str | None = attr()
    protocol: str | None = attr()
    domain: str | None = attr()
    target: str | None = attr()
    port: int | None = attr(values.uint)
    priority: int | None = attr(values.uint)
    weight: int | None = attr(values.uint)


def _write_names(names: tuple[str, ...], node: Node) -> None:
    for name in names:
        node.add("hostname", text=name)


class DnsHost(Definition, tag="host"):
    """The names of an address."""

    ip: Address | None = attr(numeric)
    names: tuple[str, ...] = computed(lambda node: (), _write_names, ())


class Dns(Definition, tag="dns"):
    """All of it."""

    enable: bool | None = attr(values.yes_no)
    forward_plain_names: bool | None = attr(values.yes_no, "forwardPlainNames")
    forwarders: tuple[Forwarder, ...] = children(Forwarder)
    txts: tuple[Txt, ...] = children(Txt)
    srvs: tuple[Srv, ...] = children(Srv)
    hosts: tuple[DnsHost, ...] = children(DnsHost)

    @property
    def records(self) -> int:
        """How much it has to tell."""
        return len(self.forwarders) + len(self.txts) + len(self.srvs) + len(self.hosts)


class Domain(Definition, tag="domain"):
    """The domain that the guests' names belong to."""

    name: str = attr()
    local_only: bool | None = attr(values.yes_no, "localOnly")


def read_dns(node: Node, network: str) -> Dns | None:
    """The names that an element has; None if it has none and changes nothing.

    :param network: the network's name, for messages.
    :raises VirtError: XML_ERROR or XML_DETAIL, in libvirt's words.
    """
    made = Dns(
        enable=read_as(values.yes_no, node, "enable"),
        forward_plain_names=read_as(values.yes_no, node, "forwardPlainNames"),
        forwarders=tuple(_forwarder(one, network) for one in node.all("forwarder")),
        hosts=tuple(read_host(one, network) for one in node.all("host")),
        srvs=tuple(read_srv(one, network) for one in node.all("srv")),
        txts=tuple(read_txt(one, network) for one in node.all("txt")),
    )
    if made.enable is False and made.records:
        raise bad(f"Extra data in disabled network '{network}'")
    return made if made != Dns() else None


def _forwarder(node: Node, network: str) -> Forwarder:
    text, domain = node.get("addr"), node.get("domain")
    found = parsed(text) if text is not None else None
    if text is not None and found is None:
        raise bad(f"Invalid forwarder IP address '{text}' in network '{network}'")
    if text is None and domain is None:
        raise bad("Invalid forwarder element, must contain at least one of addr or domain")
    return Forwarder(domain=domain, addr=found)


def read_host(node: Node, network: str, *, partial: bool = False) -> DnsHost:
    """An address's names (`virNetworkDNSHostDefParseXML`).

    :param partial: whether it only has to name one that there is.
    :raises VirtError: XML_DETAIL, in libvirt's words.
    """
    text = node.get("ip")
    if text is None and not partial:
        raise bad_detail(f"Missing IP address in network '{network}' DNS HOST record")
    found = parsed(text) if text is not None else None
    if text is not None and found is None:
        raise bad_detail(f"Invalid IP address in network '{network}' DNS HOST record")
    names = tuple(one.text for one in node.all("hostname") if one.text)
    if not names and not partial:
        raise bad_detail(f"Missing hostname in network '{network}' DNS HOST record")
    if not names and found is None:
        raise bad_detail(f"Missing ip and hostname in network '{network}' DNS HOST record")
    return DnsHost(ip=found, names=names)


def read_txt(node: Node, network: str, *, partial: bool = False) -> Txt:
    """A text record (`virNetworkDNSTxtDefParseXML`).

    :raises VirtError: XML_DETAIL, in libvirt's words.
    """
    name, value = node.get("name"), node.get("value")
    if name is None:
        raise bad_detail(f"missing required name attribute in DNS TXT record of network {network}")
    if " " in name or "," in name:
        raise bad_detail(f"prohibited character in DNS TXT record name '{name}' of network {network}")
    if value is None and not partial:
        raise bad_detail(f"missing required value attribute in DNS TXT record named '{name}' of network {network}")
    return Txt(name=name, value=value)


def read_srv(node: Node, network: str, *, partial: bool = False) -> Srv:
    """A service record (`virNetworkDNSSrvDefParseXML`).

    :raises VirtError: XML_DETAIL, in libvirt's words.
    """
    service, protocol = node.get("service"), node.get("protocol")
    if service is None and not partial:
        raise bad_detail(f"missing required service attribute in DNS SRV record of network '{network}'")
    _check_service(service, network)
    if protocol is None and not partial:
        raise bad_detail(f"missing required protocol attribute in DNS SRV record '{service}' of network '{network}'")
    if protocol is not None and not _PROTOCOL.fullmatch(protocol):
        raise bad_detail(
            f"invalid character in protocol attribute '{protocol}' in DNS SRV record of network '{network}'"
        )
    target = node.get("target")
    where = f"for service '{service or '(null)'}' in network '{network}'"
    numbers: dict[str, Any] = {
        name: _srv_number(node, name, low, told, target, where)
        for name, low, told in (("port", 1, "invalid"), ("priority", 0, "Invalid"), ("weight", 0, "invalid"))
    }
    return Srv(service=service, protocol=protocol, domain=node.get("domain"), target=target, **numbers)


def _check_service(service: str | None, network: str) -> None:
    if service is None:
        return
    if len(service.encode()) > SERVICE_MAX:
        raise bad_detail(
            f"service attribute '{service}' in network '{network}' is too long, limit is {SERVICE_MAX} bytes"
        )
    if not _SERVICE.fullmatch(service):
        raise bad_detail(f"invalid character in service attribute '{service}' in DNS SRV record of network '{network}'")


def _srv_number(node: Node, name: str, low: int, told: str, target: str | None, where: str) -> int | None:
    text = node.get(name)
    if not text:
        return None
    value = decimal(text, (1 << 32) - 1)
    if value is not None and target is None:
        raise bad_detail(f"DNS SRV {name} attribute not permitted without target {where}")
    if value is None or not low <= value <= 65535:
        raise bad_detail(f"{told} DNS SRV {name} attribute {where}")
    return value or None
