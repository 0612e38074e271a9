"""A processor as a `<cpu>` describes it: a host's, or what a guest is to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from virtloom.driver.node.cpu_models import ARCHES
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node

HAS = ("force", "require")
LACKS = ("disable", "forbid")


@dataclass(frozen=True)
class DescribedCpu:
    """One.

    :ivar arch: of a host's; None for a guest's. :ivar model: None for a guest's that names none.
    :ivar features: what is said of features, by name: `force`, `require`, `optional`, `disable` or `forbid`.
    :ivar match: whether a host's may have more: `exact` or `minimum`, or not: `strict`.
    """

    arch: str | None
    model: str | None
    vendor: str | None
    features: Mapping[str, str]
    match: str = "exact"

    def named(self, *policies: str) -> set[str]:
        """The features of which one of these things is said."""
        return {name for name, policy in self.features.items() if policy in policies}


def parse_host_cpu(text: str) -> DescribedCpu:
    """A host's processor from a document (`virCPUDefParseXML` for hosts).

    :raises VirtError: XML_ERROR, XML_DETAIL or CONFIG_UNSUPPORTED.
    """
    return _host(_root(text))


def parse_cpu(text: str) -> DescribedCpu:
    """A processor of a host or of a guest, whichever the document is of.

    :raises VirtError: as `parse_host_cpu`.
    """
    root = _root(text)
    if root.find("arch") is None:
        return _guest(root)
    if root.get("match") is not None:
        raise _wrong("'arch' element cannot be used inside 'cpu' element with 'match' attribute'")
    return _host(root)


def _root(text: str) -> Node:
    root = document.parse(text, "(CPU_definition)", ErrorDomain.CPU)
    if root.tag != "cpu":
        raise _wrong("XML does not contain expected 'cpu' element")
    return root


def _host(root: Node) -> DescribedCpu:
    if root.get("mode") is not None:
        raise _unsupported("Attribute mode is only allowed for guest CPU")
    arch, model = (_text(root, tag) for tag in ("arch", "model"))
    if arch is None:
        raise _wrong("Missing CPU architecture")
    if arch not in ARCHES:
        raise _unsupported(f"Unknown architecture {arch}")
    if model is None:
        raise _wrong("Missing CPU model name")
    return DescribedCpu(arch, model, _text(root, "vendor"), _features(root, host=True))


def _guest(root: Node) -> DescribedCpu:
    mode, model, vendor = root.get("mode") or "custom", _text(root, "model"), _text(root, "vendor")
    if mode not in ("custom", "host-model", "host-passthrough", "maximum"):
        raise _unsupported(f"Invalid mode attribute '{mode}'")
    if vendor is not None and model is None:
        raise _wrong("CPU vendor specified without CPU model")
    features = _features(root, host=False)
    if features and model is None and mode == "custom":
        raise _wrong("Non-empty feature list specified without CPU model")
    return DescribedCpu(None, model, vendor, features, root.get("match") or "exact")


def _features(root: Node, *, host: bool) -> dict[str, str]:
    said: dict[str, str] = {}
    for one in root.all("feature"):
        name, policy = one.get("name"), "require" if host else one.get("policy") or "require"
        if policy not in (*HAS, *LACKS, "optional"):
            raise _unsupported("Invalid CPU feature policy")
        if not name:
            raise _wrong("Invalid CPU feature name")
        if name in said:
            raise _wrong(f"CPU feature '{name}' specified more than once")
        said[name] = policy
    return said


def _text(root: Node, tag: str) -> str | None:
    found = root.find(tag)
    return found.text or None if found is not None else None


def _wrong(detail: str) -> VirtError:
    return VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.CPU)


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.CPU)
