"""A processor as a host's `<cpu>` describes it."""

from __future__ import annotations

from dataclasses import dataclass

from virtloom.driver.node.cpu_models import ARCHES
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node


@dataclass(frozen=True)
class HostCpu:
    """One.

    :ivar features: names of those that it has besides its model's.
    """

    arch: str
    model: str
    vendor: str | None
    features: tuple[str, ...]


def parse_host_cpu(text: str) -> HostCpu:
    """A processor from a document (`virCPUDefParseXML` for hosts).

    :raises VirtError: XML_ERROR, XML_DETAIL or CONFIG_UNSUPPORTED.
    """
    root = document.parse(text, "(CPU_definition)", ErrorDomain.CPU)
    if root.tag != "cpu":
        raise _wrong("XML does not contain expected 'cpu' element")
    if root.get("mode") is not None:
        raise _unsupported("Attribute mode is only allowed for guest CPU")
    arch, model = (_text(root, tag) for tag in ("arch", "model"))
    if arch is None:
        raise _wrong("Missing CPU architecture")
    if arch not in ARCHES:
        raise _unsupported(f"Unknown architecture {arch}")
    if model is None:
        raise _wrong("Missing CPU model name")
    return HostCpu(arch, model, _text(root, "vendor"), _features(root))


def _features(root: Node) -> tuple[str, ...]:
    names: list[str] = []
    for one in root.all("feature"):
        name = one.get("name")
        if not name:
            raise _wrong("Invalid CPU feature name")
        if name in names:
            raise _wrong(f"CPU feature '{name}' specified more than once")
        names.append(name)
    return tuple(names)


def _text(root: Node, tag: str) -> str | None:
    found = root.find(tag)
    return found.text or None if found is not None else None


def _wrong(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.CPU)


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.CPU)
