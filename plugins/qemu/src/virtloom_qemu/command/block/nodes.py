"""The block nodes of an image (`qemuBlockStorageSourceGetBlockdevProps`)."""

from __future__ import annotations

import json
from typing import Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.command.block.image import Image
from virtloom_qemu.command.block.protocols import protocol
from virtloom_qemu.command.block.reservations import manager_of
from virtloom_qemu.command.block.secrets import encryption_secret
from virtloom_qemu.command.line import CommandLine, given

Props = dict[str, Any]
# The cache's modes: whether the guest sees a cache that it must flush, the host's is passed by, flushes are ignored.
CACHE = {
    "none": (True, True, False),
    "writethrough": (False, False, False),
    "writeback": (True, False, False),
    "directsync": (False, True, False),
    "unsafe": (True, False, True),
}
FORMATS = {"fat": "raw", "iso": "raw", "ploop": "parallels", "vhd": "vhdx"}
WITH_BACKING = ("qcow2", "qcow", "qed", "vmdk", "cow")


def block_nodes(image: Image) -> list[Props]:
    """The nodes of an image and of all behind it, in the order in which QEMU can be told of them."""
    made = []
    for one in reversed(list(image.chain())):
        made.append(storage_node(one))
        if part := _slice(one):
            made.append(part)
        made.append(format_node(one))
    return made


def storage_node(image: Image) -> Props:
    """The node with an image's bytes."""
    props = _backend(image)
    props["node-name"] = image.storage_node
    props |= _cache(image)
    return {**props, "auto-read-only": True, "discard": "unmap"}


def _backend(image: Image) -> Props:
    if image.type in ("file", "block"):
        return _local(image)
    if image.type == "dir":
        floppy = image.is_floppy
        return {"driver": "vvfat", "dir": image.source.get("dir"), "floppy": floppy, "rw": not image.readonly}
    if image.type == "nvme":
        return _nvme(image)
    if image.type == "network":
        return protocol(image)
    detail = f"cannot use disk type '{image.type}' before it is translated"
    raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)


def _local(image: Image) -> Props:
    driver = "file"
    if image.type == "block":
        driver = "host_cdrom" if image.is_cdrom and _is_host_cdrom(image) else "host_device"
    path = image.source.get("file") or image.source.get("dev")
    return given({"driver": driver, "filename": path, "aio": image.option("io"), "pr-manager": manager_of(image)})


def _is_host_cdrom(image: Image) -> bool:
    """Whether a device is a real drive of the host's (`qemuDomainPrepareStorageSource` asks the kernel)."""
    return (image.source.get("dev") or "").startswith("/dev/sr")


def _nvme(image: Image) -> Props:
    place = image.source.find("address")
    assert place is not None
    numbers = [int(place.attrs.get(name, "0"), 0) for name in ("domain", "bus", "slot", "function")]
    device = "{:04x}:{:02x}:{:02x}.{:x}".format(*numbers)
    return {"driver": "nvme", "device": device, "namespace": int(image.source.get("namespace") or 0)}


def _slice(image: Image) -> Props | None:
    """The node with a part of the bytes, if the image is just that and has a format of its own."""
    node = _slice_element(image)
    if node is None or image.format == "raw":
        return None
    return {
        "driver": "raw",
        "node-name": image.slice_node,
        "offset": int(node.get("offset") or 0),
        "size": int(node.get("size") or 0),
        "file": image.storage_node,
        "auto-read-only": True,
        "discard": "unmap",
        **_cache(image),
    }


def _slice_element(image: Image) -> Node | None:
    slices = image.source.find("slices")
    return None if slices is None else next((one for one in slices.all("slice") if one.get("type") == "storage"), None)


def format_node(image: Image) -> Props:
    """The node with an image's format."""
    discard = image.option("discard")
    zeroes = image.option("detect_zeroes")
    if zeroes == "unmap" and discard != "unmap":
        zeroes = "on"
    props = given(
        {
            "node-name": image.format_node,
            "read-only": image.readonly,
            "discard": discard,
            "detect-zeroes": zeroes,
            **_cache(image),
            **_format(image),
        }
    )
    part = _slice_element(image)
    props["file"] = image.slice_node if part is not None and image.format != "raw" else image.storage_node
    if image.backing is not None:
        _may_have_backing(image)
        props["backing"] = image.backing.format_node
    elif image.terminated and image.format in WITH_BACKING:
        props["backing"] = None
    return props


def _may_have_backing(image: Image) -> None:
    if image.format not in WITH_BACKING:
        detail = f"storage format '{image.format}' does not support backing store"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)


def _format(image: Image) -> Props:
    secret = encryption_secret(image) if image.encryption is not None else None
    if image.format in ("raw", "fat"):
        if secret is not None and image.encryption is not None and image.encryption.get("format") == "luks":
            return {"driver": "luks", "key-secret": secret}
        part = _slice_element(image)
        place = {} if part is None else {name: int(part.get(name) or 0) for name in ("offset", "size")}
        return {"driver": "raw", **place}
    if image.format in ("qcow2", "qcow") and secret is not None and image.encryption is not None:
        kind = "aes" if image.encryption.get("format") == "qcow" else "luks"
        return {"driver": image.format, "encrypt": {"format": kind, "key-secret": secret}}
    size = image.options.find("metadata_cache/max_size") if image.options is not None else None
    cache = {"cache-size": int(size.text)} if size is not None and image.format == "qcow2" else {}
    return {"driver": FORMATS.get(image.format, image.format), **cache}


def _cache(image: Image) -> Props:
    mode = CACHE.get(image.option("cache") or "")
    return {} if mode is None else {"cache": {"direct": mode[1], "no-flush": mode[2]}}


def add_nodes(line: CommandLine, image: Image) -> None:
    """Add an image's nodes to a command line."""
    for props in block_nodes(image):
        line.option("blockdev", json.dumps(props, separators=(",", ":")))
