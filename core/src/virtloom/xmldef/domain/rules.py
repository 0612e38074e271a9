"""What a driver knows of its guests, and how a document becomes one of its domains.

The steps of `virDomainDefParseString`: read the document, check what the driver can run, fill in what was left out,
refuse what cannot be. A driver brings a `DomainRules` with its own steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks import CHECKS
from virtloom.xmldef.domain.cleaning import clean, clean_device
from virtloom.xmldef.domain.cleaning.order import arrange
from virtloom.xmldef.domain.defaults import DEFAULTS
from virtloom.xmldef.domain.definition import Devices, Domain
from virtloom.xmldef.domain.namespaces import prefix_of
from virtloom.xmldef.elements import root_of, uuid_of
from virtloom.xmldef.remembered import Remembered
from virtloom.xmldef.sharing import share

# The field of `Devices` that holds each kind of device, by its element's name.
DEVICE_FIELDS = {field.xml: field.name for field in Devices.fields if field.xml not in ("emulator", "redirfilter")}

Step = Callable[[Domain], Domain]
Check = Callable[[Domain], None]


@dataclass(frozen=True)
class DomainRules:
    """A driver's rules for its domains.

    :ivar types: the domain types that it runs, () for any; :ivar arches: the architectures, the first being the
        default.
    :ivar os_types: the types of `<os>`.
    :ivar first: what it fills in before the defaults that all drivers share.
    :ivar defaults: what it fills in after them.
    :ivar checks: what it refuses besides what all refuse.
    :ivar namespace: the prefix of the elements that are its own, such as `lxc`; those of others are left out.
    :ivar repeatable: whether the same document always makes the same domain, since its steps look at nothing else; then
        documents that come again are not read again.
    """

    types: Sequence[str]
    arches: Sequence[str]
    os_types: Sequence[str] = ("hvm",)
    first: Sequence[Step] = ()
    defaults: Sequence[Step] = ()
    checks: Sequence[Check] = field(default=())
    namespace: str = ""
    repeatable: bool = False

    def parse(self, text: str) -> Domain:
        """A domain of a document.

        :raises VirtError: in libvirt's words; nothing was changed.
        """
        return self._remembered(text) if self.repeatable else self._parse(text)

    @cached_property
    def _remembered(self) -> Remembered[Domain]:
        return Remembered(self._parse)

    def _parse(self, text: str) -> Domain:
        return self.complete(self.written(text))

    @staticmethod
    def written(text: str) -> Domain:
        """A domain of a document, with nothing filled in.

        :raises VirtError: in libvirt's words.
        """
        return read(root_of(text, "domain_definition", "domain", ErrorDomain.DOMAIN))

    def load(self, text: str) -> Domain:
        """A domain that was kept: a driver may leave out what it checked before that was written.

        :raises VirtError: in libvirt's words.
        """
        return self.parse(text)

    def parse_device(self, text: str, domain: Domain) -> tuple[str, Any]:
        """One device of a document, filled in as if it were in a domain (`virDomainDeviceDefParse`).

        :param domain: the domain that it is for; it gives the device what it lacks, such as a free place.
        :return: the device's kind, such as `disk`, and the device.
        :raises VirtError: in libvirt's words.
        """
        tag, given = self.read_device(text)
        name = DEVICE_FIELDS[tag]
        others = getattr(domain.parts, name)
        if not isinstance(others, tuple):
            return tag, given
        completed = self.complete(domain.with_devices(**{name: (*others, given)}))
        return tag, next(one for one in reversed(getattr(completed.parts, name)) if one not in others)

    @staticmethod
    def read_device(text: str) -> tuple[str, Any]:
        """The kind and the device of a document, as it is written.

        :raises VirtError: in libvirt's words.
        """
        root = document.parse(text, "device_definition", ErrorDomain.DOMAIN)
        name = DEVICE_FIELDS.get(root.tag)
        if name is None:
            detail = f"unknown device type '{root.tag}'"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
        clean_device(root)
        arrange(root)
        holder = Node("devices")
        holder.children.append(root)
        given = getattr(Devices.read(holder), name)
        return root.tag, given[0] if isinstance(given, tuple) else given

    def complete(self, domain: Domain) -> Domain:
        """A domain with everything filled in and checked.

        :raises VirtError: in libvirt's words.
        """
        domain = self._supported(domain)
        own = tuple(node for node in domain.namespaced if prefix_of(node) == self.namespace)
        domain = domain.replace(namespaced=own)
        for step in (*self.first, *DEFAULTS, *self.defaults):
            domain = step(domain)
        for check in (*CHECKS, *self.checks):
            check(domain)
        return share(domain)

    def _supported(self, domain: Domain) -> Domain:
        """The domain with its architecture, if this driver can run it (`virCapabilitiesDomainDataLookup`)."""
        domain = named_system(domain)
        assert domain.os is not None
        assert domain.os.type is not None
        kind = domain.os.type
        name, arch = kind.name, kind.arch
        runs = not self.types or domain.type in self.types
        if runs and name in self.os_types and (arch is None or arch in self.arches):
            return domain.replace(os=domain.os.replace(type=kind.replace(arch=arch or self.arches[0])))
        wanted = f"arch={arch or self.arches[0]} domaintype={domain.type}"
        wanted = wanted if name == "hvm" else f"ostype={name} {wanted}"  # hvm is number 0 there, and goes unsaid
        raise VirtError(ErrorCode.INVALID_ARG, f"could not find capabilities for {wanted} ", ErrorDomain.CAPABILITIES)


def named_system(domain: Domain) -> Domain:
    """A domain whose system's type is there, without white space.

    :raises VirtError: XML_ERROR if it is not there.
    """
    kind = domain.os.type if domain.os is not None else None
    if domain.os is None or kind is None or not kind.name.strip():
        raise VirtError(ErrorCode.XML_ERROR, "an os <type> must be specified", ErrorDomain.DOMAIN)
    return domain.replace(os=domain.os.replace(type=kind.replace(name=kind.name.strip())))


def read(root: Node) -> Domain:
    """A domain as it is written, with a name and a uuid.

    :raises VirtError: NO_NAME without a name, XML_ERROR for what is malformed.
    """
    if root.get("type") is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "missing domain type attribute", ErrorDomain.DOMAIN)
    kind = root.find("name")
    if kind is None or not kind.text:
        raise VirtError(ErrorCode.NO_NAME, None, ErrorDomain.DOMAIN)
    uuid = uuid_of(root, ErrorDomain.DOMAIN, ErrorCode.INTERNAL_ERROR)
    clean(root)
    domain = Domain.read(root)
    return domain if domain.uuid is not None else domain.replace(uuid=uuid)
