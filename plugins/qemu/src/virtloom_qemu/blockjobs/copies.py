"""The image that a disk is copied into: what a client says of it, whether it can be, and how a guest opens it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.images import BACKED, look
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.blockjobs.job import COPY
from virtloom_qemu.blockjobs.nodes import attach, create
from virtloom_qemu.command.block.image import Image, image_of
from virtloom_qemu.command.block.nodes import Props, block_nodes, format_node, storage_node
from virtloom_qemu.command.block.secrets import Given, Wanted, encryption_secret, wanted
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.chain import chain_of, format_of
from virtloom_qemu.storage.layers import Chain, Layer, chain_of_disk, mirror_as_disk, mirror_of

CREATABLE = ("file", "gluster", "rbd", "sheepdog", "ssh", "nfs")  # what QEMU can make an image on


class Destination(NamedTuple):
    """What a client says of the image.

    :ivar type: `file`, `block`, `network`; :ivar format: None if it does not say.
    :ivar backing: its `<backingStore>`, if it says what is behind it.
    """

    type: str
    format: str | None
    source: Node
    backing: Node | None

    @property
    def path(self) -> str | None:
        """Its file or device on this host."""
        return self.source.get("file") or self.source.get("dev")

    def refuse_relative(self) -> None:
        """Refuse a path that depends on where the daemon was started.

        :raises VirtError: INVALID_ARG.
        """
        if self.path is not None and not self.path.startswith("/"):
            raise VirtError(ErrorCode.INVALID_ARG, "absolute path must be used as block copy target")


def destination_of(xml: str) -> Destination:
    """The image of a `<disk>` document (`virDomainDiskDefParseSource`).

    :raises VirtError: XML_ERROR and others.
    """
    root = document.parse(xml, "disk_definition", ErrorDomain.DOMAIN)
    if root.tag != "disk":
        detail = f"expecting root element of 'disk', not '{root.tag}'"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
    backing = root.find("backingStore")
    return Destination(
        root.get("type") or "file", root.value("driver", "type"), root.find("source") or Node("source"), backing
    )


@dataclass(frozen=True)
class Copy:
    """A copy that can begin.

    :ivar chain: the image, and what is behind it.
    :ivar reuse: whether the client made the image; :ivar shallow: whether it is of the first image alone.
    :ivar made: the file that was made for it, to be removed if nothing comes of it.
    """

    chain: Chain
    reuse: bool
    shallow: bool
    made: Path | None

    @property
    def opened(self) -> tuple[Layer, ...]:
        """The images that are opened for it from the start."""
        return self.chain.layers[:1] if self.reuse else self.chain.layers

    def numbered(self, number: Callable[[], int]) -> Copy:
        """The copy with a number for each of its images."""
        layers = tuple(layer._replace(number=number()) for layer in self.chain.layers)
        return replace(self, chain=self.chain._replace(layers=layers))

    def undo(self) -> None:
        """Remove what was made."""
        if self.made is not None:
            self.made.unlink(missing_ok=True)


def prepare_copy(disk: Disk, destination: Destination, *, shallow: bool, reuse: bool) -> Copy:
    """Look at the image on the host and make its file, with no lock held.

    :param reuse: whether the client has made it.
    :raises VirtError: in libvirt's words (`qemuDomainBlockCopyCommon`); nothing is left of it then.
    """
    backed = destination.backing is not None and destination.backing.get("type") is not None
    if backed and not shallow:
        detail = "backingStore of mirror without VIR_DOMAIN_BLOCK_COPY_SHALLOW doesn't make sense"
        raise VirtError(ErrorCode.INVALID_ARG, detail)
    if shallow and not reuse and destination.format == "raw":
        detail = f"shallow copy of disk '{disk.name}' into a raw file is not possible"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    existing = _look_at(disk, destination, reuse=reuse)
    form = destination.format or (_probed(destination) if reuse else format_of(disk))
    if disk.shareable and not disk.readonly and form != "raw":
        detail = "can't pivot a shared disk to a storage volume not supporting sharing"
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
    made = None if existing or destination.type != "file" else _made(destination)
    try:
        chain = _chain(destination, form, shallow=shallow, reuse=reuse)
    except BaseException:
        if made is not None:
            made.unlink(missing_ok=True)
        raise
    return Copy(chain, reuse, shallow, made)


def _look_at(disk: Disk, destination: Destination, *, reuse: bool) -> bool:
    """Whether the image is there already; what is on no file or device of the host is not looked at."""
    path = destination.path
    if path is None or destination.type not in ("file", "block"):
        return reuse
    try:
        status = os.stat(path)
    except FileNotFoundError as error:
        if reuse or destination.type == "block":
            raise system_error(error, f"missing destination file for disk {disk.name}: {path}") from error
        return False
    except OSError as error:
        raise system_error(error, "unable to verify existence of block copy target") from error
    if stat.S_ISBLK(status.st_mode):
        return True
    if status.st_size and not reuse:
        detail = f"external destination file for disk {disk.name} already exists and is not a block device: {path}"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    if destination.type == "block":
        detail = f"blockdev flag requested for disk {disk.name}, but file '{path}' is not a block device"
        raise VirtError(ErrorCode.INVALID_ARG, detail)
    return reuse


def _probed(destination: Destination) -> str:
    if destination.type not in ("file", "block") or destination.path is None:
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, "reused mirror destination format must be specified")
    try:
        return look(destination.path).header.format
    except OSError as error:
        raise system_error(error, f"cannot open file '{destination.path}'") from error


def _made(destination: Destination) -> Path:
    path = Path(destination.path or "")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise system_error(error, "failed to create copy target") from error
    return path


def _chain(destination: Destination, form: str, *, shallow: bool, reuse: bool) -> Chain:
    """The image with what is behind it."""
    top = Layer(destination.type, form, destination.source)
    backing = destination.backing
    if backing is None and not shallow:
        return Chain((top,), ended=True)
    if backing is None and reuse and form in BACKED and destination.path is not None:
        backing = chain_of(destination.path, form)
    if backing is None:
        return Chain((top,), ended=False)
    below = chain_of_disk(Disk(source=destination.source, backing_store=backing))
    return Chain((top, *below.layers[1:]), below.ended)


def secrets_of(disk: Disk, copy: Copy) -> dict[str, Wanted]:
    """The secrets that a guest needs to open the image of a copy, by what QEMU is to know them by."""
    image = _image(disk, copy)
    return {one.name: one for one in wanted(replace(image, backing=None) if copy.reuse else image)}


def _image(disk: Disk, copy: Copy) -> Image:
    image = image_of(mirror_as_disk(disk.replace(mirror=mirror_of(copy.chain, COPY), readonly=False)).node())
    assert image is not None
    return image


def open_copy(talk: Talk, disk: Disk, copy: Copy, secrets: Mapping[str, bytes]) -> None:
    """Have a guest open the image of a copy, made first unless the client has made it.

    :param secrets: the values of `secrets_of`.
    :raises VirtError: what was opened stays open then, to be closed by the caller.
    """
    image = _image(disk, copy)
    for name in secrets:
        talk.monitor.execute("object-add", {"qom-type": "secret", "id": name, **Given({}, secrets).properties(name)})
    if copy.reuse:
        attach(talk, [storage_node(image), _top(image, None)])
        return
    behind: Layer | None = None
    if copy.shallow and image.backing is not None:
        attach(talk, block_nodes(image.backing))
        behind = copy.chain.layers[1]
    elif copy.shallow:
        behind = chain_of_disk(disk).layers[1]
    size, cluster = _sizes(talk, chain_of_disk(disk).layers[0].node)
    _make(talk, image, behind, size, cluster)
    attach(talk, [_top(image, behind)])


def _top(image: Image, behind: Layer | None) -> Props:
    """The node with an image's format, with what is behind it, if anything, in the guest."""
    props = {name: value for name, value in format_node(image).items() if name != "backing"}
    return {**props, "backing": None if behind is None else behind.node} if image.format in BACKED else props


def _make(talk: Talk, image: Image, behind: Layer | None, size: int, cluster: int | None) -> None:
    """Make an image, with its storage node opened."""
    keys = _keys(image)
    if image.type == "file" and image.format == "raw" and not keys:
        create(talk, image.storage_node, {"driver": "file", "filename": image.source.get("file"), "size": size})
    elif image.type == "network" and image.source.get("protocol") in CREATABLE:
        location = {name: value for name, value in storage_node(image).items() if name != "node-name"}
        create(talk, image.storage_node, {"driver": location.pop("driver"), "location": location, "size": size})
    attach(talk, [storage_node(image)])
    if image.format == "raw" and not keys:
        return
    options: Props = {"driver": image.format, "file": image.storage_node, "size": size}
    if keys:
        options |= {**keys, "driver": "luks"} if image.format == "raw" else {"encrypt": {"format": "luks", **keys}}
    if behind is not None:
        options |= {"backing-file": behind.path}
    if image.format == "qcow2":
        options |= {} if behind is None else {"backing-fmt": behind.format}
        options |= {} if cluster is None else {"cluster-size": cluster}
    create(talk, image.format_node, options)


def _keys(image: Image) -> Props:
    """How an image is to be encrypted that is made; {} if it is not.

    :raises VirtError: OPERATION_UNSUPPORTED for what is only read (`qemuBlockStorageSourceCreateAddEncryptionQcow`).
    """
    encryption = image.encryption
    if encryption is None:
        return {}
    if encryption.get("format") != "luks":
        detail = "creation of qcow/qcow2 files supports only 'luks' encryption"
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
    cipher, vector = encryption.find("cipher") or Node("cipher"), encryption.find("ivgen") or Node("ivgen")
    said = {
        "cipher-alg": f"{cipher.get('name')}-{cipher.get('size')}" if cipher.get("name") else None,
        "cipher-mode": cipher.get("mode"),
        "hash-alg": cipher.get("hash"),
        "ivgen-alg": vector.get("name"),
        "ivgen-hash-alg": vector.get("hash"),
    }
    return {"key-secret": encryption_secret(image), **{name: word for name, word in said.items() if word is not None}}


def _sizes(talk: Talk, node: str) -> tuple[int, int | None]:
    """What the guest sees of an image, and the size of its clusters; in bytes."""
    for one in talk.ask("query-named-block-nodes", flat=True):
        if one["node-name"] == node:
            return int(one["image"]["virtual-size"]), one["image"].get("cluster-size")
    raise VirtError(ErrorCode.INTERNAL_ERROR, f"failed to update capacity data for block node '{node}'")
