"""Secrets: what their documents say (libvirt: `secret_conf.c`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import root_of, text_of, uuid_of


class Usage(NamedTuple):
    """A kind of usage: its number, the element that names what it is for, and what is said when that is missing."""

    number: int
    element: str | None
    missing: str = ""


USAGES = {
    "none": Usage(0, None),
    "volume": Usage(1, "volume", "volume usage specified, but volume path is missing"),
    "ceph": Usage(2, "name", "Ceph usage specified, but name is missing"),
    "iscsi": Usage(3, "target", "iSCSI usage specified, but target is missing"),
    "tls": Usage(4, "name", "TLS usage specified, but name is missing"),
    "vtpm": Usage(5, "name", "vTPM usage specified, but name is missing"),
}


@dataclass(frozen=True)
class Secret:
    """A secret's definition; its value is kept apart from it.

    :ivar uuid: sixteen bytes.
    :ivar ephemeral: whether it is kept in memory only.
    :ivar private: whether no client is ever shown its value.
    :ivar usage: what it is for, a key of `USAGES`; :ivar usage_id: the volume, name or target that it is for.
    """

    uuid: bytes
    ephemeral: bool = False
    private: bool = False
    description: str | None = None
    usage: str = "none"
    usage_id: str = ""

    @property
    def usage_type(self) -> int:
        """The usage's number (`virSecretUsageType`)."""
        return USAGES[self.usage].number

    def format(self) -> str:
        """The document, as libvirt writes it."""
        flags = {"ephemeral": "yes" if self.ephemeral else "no", "private": "yes" if self.private else "no"}
        root = Node("secret", flags)
        root.add("uuid", text=str(UUID(bytes=self.uuid)))
        if self.description is not None:
            root.add("description", text=self.description)
        element = USAGES[self.usage].element
        if element is not None:
            root.add("usage", {"type": self.usage}).add(element, text=self.usage_id)
        return document.write(root)


def parse(text: str) -> Secret:
    """The definition that a document is (`virSecretDefParse`).

    :raises VirtError: in libvirt's words, for what is no secret.
    """
    root = root_of(text, "definition_of_secret", "secret", ErrorDomain.SECRET)
    ephemeral, private = (_yes_no(root, name) for name in ("ephemeral", "private"))
    usage, usage_id = _usage(root)
    uuid = uuid_of(root, ErrorDomain.SECRET, ErrorCode.INTERNAL_ERROR)
    return Secret(uuid, ephemeral, private, text_of(root, "description"), usage, usage_id)


def _yes_no(root: Node, name: str) -> bool:
    text = root.get(name)
    if text not in (None, "", "yes", "no"):
        raise VirtError(ErrorCode.XML_ERROR, f"invalid value of '{name}'", ErrorDomain.SECRET)
    return text == "yes"


def _usage(root: Node) -> tuple[str, str]:
    node = root.find("usage")
    if node is None:
        return "none", ""
    name = node.get("type")
    if not name:
        raise VirtError(ErrorCode.XML_ERROR, "unknown secret usage type", ErrorDomain.SECRET)
    usage = USAGES.get(name)
    if usage is None:
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"unknown secret usage type {name}", ErrorDomain.SECRET)
    if usage.element is None:
        return name, ""
    usage_id = text_of(node, usage.element)
    if usage_id is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, usage.missing, ErrorDomain.SECRET)
    return name, usage_id
