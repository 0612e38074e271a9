"""What can be done with a disk of a guest that runs, besides jobs on its images."""

from __future__ import annotations

from virtloom.driver.constants.domain_job import DomainBlockResizeFlags as Resize
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.devices import find_disk
from virtloom_qemu.storage.chain import format_of
from virtloom_qemu.storage.layers import Layer, chain_of_disk, mirror_as_disk

SIZE_MAX = (1 << 64) - 1  # bytes
SECTOR = 512  # bytes; what qcow2 and qed count in


class Disks(DomainsBase):
    """The calls that change a disk."""

    def domain_set_block_threshold(self, dom: DomainHandle, dev: str, threshold: int, flags: int) -> None:
        """`virDomainSetBlockThreshold`: an event tells when more has been written to an image.

        :param dev: a disk `vda`, or one of its images `vda[2]`; :param threshold: bytes, 0 for none.
        """
        self._check_flags(flags, 0, "DomainSetBlockThreshold")
        with self._talking(dom, JobKind.MODIFY) as talk:
            with talk.found.locked() as state:
                layer = _image_of(state.definition, dev)
            if layer.type == "vhostuser":
                detail = "setting device threshold is not supported for vhostuser disk"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            node = f"libvirt-{layer.number}-storage"
            talk.ask("block-set-write-threshold", node_name=node, write_threshold=threshold)
            with talk.state() as state:
                others = state.thresholds - {layer.number}
                state.thresholds = others | {layer.number} if "[" in dev else others

    def domain_block_resize(self, dom: DomainHandle, disk: str, size: int, flags: int) -> None:
        """`virDomainBlockResize`"""
        self._check_flags(flags, Resize.BYTES, "DomainBlockResize")
        if not flags & Resize.BYTES:
            if size > SIZE_MAX // 1024:
                raise VirtError(ErrorCode.OVERFLOW, f"size must be less than {SIZE_MAX // 1024}")
            size *= 1024
        with self._talking(dom, JobKind.MODIFY) as talk:
            with talk.found.locked() as state:
                live = state.definition
            found = find_disk(live, disk)
            if found is None:
                raise VirtError(ErrorCode.INVALID_ARG, f"disk '{disk}' was not found in the domain config")
            if found.type == "vhostuser":
                detail = "block resize is not supported for vhostuser disk"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            if found.source is None or found.readonly:
                detail = f"can't resize empty or readonly disk '{found.name}'"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            if format_of(found) in ("qcow2", "qed"):
                size = -(-size // SECTOR) * SECTOR
            talk.ask("block_resize", node_name=chain_of_disk(found).layers[0].node, size=size)


def _image_of(live: Domain, device: str) -> Layer:
    """The image that a client means by `vda` or `vda[2]` (`qemuDomainGetStorageSourceByDevstr`).

    :raises VirtError: INVALID_ARG.
    """
    name, bracket, rest = device.partition("[")
    if bracket and not (rest.endswith("]") and rest[:-1].isdigit()):
        raise VirtError(ErrorCode.INVALID_ARG, f"failed to parse block device '{device}'")
    disk = next((one for one in live.parts.disks if one.name == name), None)
    if disk is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"failed to find disk '{name}'")
    layers = chain_of_disk(disk).layers
    number = int(rest[:-1]) if bracket else 0
    if number == 0 and layers:
        return layers[0]
    if disk.mirror is not None:
        layers += chain_of_disk(mirror_as_disk(disk)).layers
    found = next((layer for layer in layers if layer.number == number), None)
    if found is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"failed to find disk '{device}'")
    return found
