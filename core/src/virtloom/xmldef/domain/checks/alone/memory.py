"""Memory modules (`virDomainMemoryDefValidate`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import invalid, unsupported
from virtloom.xmldef.domain.definition import Domain

LEAST_BLOCK = 2048  # KiB of a transparent huge page


def module(node: Node, domain: Domain) -> None:
    """A module is for a cell of the guest's, and has what its model needs."""
    _cell(node, domain)
    model = node.get("model") or ""
    if model in ("nvdimm", "virtio-pmem"):
        _persistent(node, model)
    if model == "virtio-mem":
        _blocks(node)
    if model == "nvdimm":
        _label(node, domain)
    if model == "sgx-epc" and node.find("address") is not None:
        raise unsupported(f"memory device address is not supported for model '{model}'")


def _cell(node: Node, domain: Domain) -> None:
    text = _text(node, "target/node")
    if not text:
        return
    cells = [] if domain.cpu is None else [one for numa in domain.cpu.all("numa") for one in numa.all("cell")]
    if not cells:
        raise invalid("can't add memory backend as guest has no NUMA nodes configured")
    if int(text) >= len(cells):
        which = f"for guest node '{text}' as the guest has only '{len(cells)}' NUMA nodes configured"
        raise invalid(f"can't add memory backend {which}")


def _persistent(node: Node, model: str) -> None:
    if not _text(node, "source/path"):
        raise invalid(f"path is required for model '{model}'")
    if node.get("discard") == "yes":
        what = "nvdimms" if model == "nvdimm" else f"model '{model}'"
        raise unsupported(f"discard is not supported for {what}")
    if model == "virtio-pmem" and node.get("access") != "shared":
        raise unsupported("shared access mode required for virtio-pmem device")
    if model == "virtio-pmem" and _text(node, "target/node"):
        raise unsupported("virtio-pmem does not support NUMA nodes")


def _label(node: Node, domain: Domain) -> None:
    """Non-volatile memory has a uuid on POWER's machines alone, where it needs a label."""
    power = domain.os is not None and domain.os.type is not None and (domain.os.type.arch or "").startswith("ppc64")
    if power and not _text(node, "target/label/size"):
        raise unsupported("label size is required for NVDIMM device")
    if not power and node.find("uuid") is not None:
        raise unsupported("UUID is not supported for NVDIMM device")


def _blocks(node: Node) -> None:
    """Memory comes and goes in whole blocks."""
    size, requested, block = (int(_text(node, f"target/{name}") or 0) for name in ("size", "requested", "block"))
    if requested > size:
        raise invalid(f"requested size must be smaller than or equal to @size ({size}KiB)")
    if block & (block - 1) or not block:
        raise invalid("block size must be a power of two")
    if block < LEAST_BLOCK:
        raise invalid(f"block size too small, must be at least {LEAST_BLOCK}KiB")
    if requested % block:
        raise invalid("requested size must be an integer multiple of block size")


def _text(node: Node, path: str) -> str:
    found = node.find(path)
    return "" if found is None else found.text.strip()
