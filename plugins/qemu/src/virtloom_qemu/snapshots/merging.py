"""A snapshot of new images that is deleted: which images are written into those behind them, and what becomes of the
definitions in the snapshots that stay. Pure: documents in, documents out.

Behaviour: `qemuSnapshotDeleteExternalPrepare`, `qemuSnapshotUpdateDisksSingle`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from virtloom.driver.domains.moments import Moment, Moments
from virtloom.driver.domains.moments.disks import DELETING
from virtloom.driver.domains.moments.snapshots import is_external
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.snapshots.definitions import kept, target_of
from virtloom_qemu.storage.layers import Chain, chain_of_disk, with_disk, with_layers


class Merge(NamedTuple):
    """One image that goes.

    :ivar disk: whose it is; :ivar chain: its images now; :ivar place: where the one that goes is among them.
    """

    disk: Disk
    chain: Chain
    place: int


def images_of(moment: Moment) -> dict[str, str]:
    """The images that a snapshot made, by the names of the disks."""
    return {row.get("name") or "": target_of(row)[0] for row in moment.disks if row.get("snapshot") == "external"}


def deleting(moment: Moment) -> Moment:
    """A snapshot whose images are about to go: from now on one that is in no chain is known to have gone."""
    marked = [row.copy() for row in moment.disks]
    for row in marked:
        if row.get("snapshot") == "external" and row.find(DELETING) is None:
            row.add(DELETING)
    return replace(moment, disks=tuple(marked))


def merges_of(moment: Moment, there: Moments, definition: Domain) -> list[Merge]:
    """What is to be merged so that a snapshot can go; nothing of a disk of which a delete that was cut off did it.

    :param there: all of the domain's snapshots; :param definition: its disks with all their images.
    :raises VirtError: if it cannot go, in libvirt's words.
    """
    merges = []
    begun = {row.get("name") for row in moment.disks if row.find(DELETING) is not None}
    for name, path in images_of(moment).items():
        disk = _disk(definition, name)
        if disk is None:
            raise VirtError(ErrorCode.INVALID_ARG, f"disk '{name}' not found in domain")
        chain = chain_of_disk(disk)
        place = _place(chain, path)
        if place is None and name in begun:
            continue
        merges.append(_checked(moment, disk, chain, place))
        _refuse_internal_parent(moment, there, name)
        _refuse_internal_child(moment, there, name, path)
    return merges


def _checked(moment: Moment, disk: Disk, chain: Chain, place: int | None) -> Merge:
    if place is None:
        raise VirtError(ErrorCode.INVALID_ARG, "could not find base disk source in disk source chain")
    before = None if moment.domain is None else _disk(moment.domain, disk.name)
    if before is None:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"failed to find disk '{disk.name}' in snapshot VM XML")
    if place + 1 == len(chain.layers):
        raise VirtError(ErrorCode.OPERATION_FAILED, "failed to find parent disk source in backing chain")
    parent = chain_of_disk(before).layers[0]
    if parent.path is not None and not chain.layers[place + 1].is_at(parent):  # a volume is known by its name alone
        detail = "snapshot VM disk source and parent disk source are not the same"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail)
    return Merge(disk, chain, place)


def _refuse_internal_parent(moment: Moment, there: Moments, disk: str) -> None:
    """Refuse an image on top of one that has a snapshot inside (`qemuSnapshotFindParentSnapForDisk`)."""
    above = there.by_name.get(moment.parent or "")
    while above is not None:
        if any(row.get("name") == disk and row.get("snapshot") != "no" for row in above.disks):
            if not is_external(above):
                detail = "deleting external snapshot that has internal snapshot as parent not supported"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            return
        above = there.by_name.get(above.parent or "")


def _refuse_internal_child(moment: Moment, there: Moments, disk: str, path: str) -> None:
    """Refuse an image that has a snapshot inside, which no commit takes along. (libvirt 9.0 loses it.)"""
    for below in there.descendants(moment.name):
        inside = any(row.get("name") == disk and row.get("snapshot") == "internal" for row in below.disks)
        was = None if below.domain is None else _disk(below.domain, disk)
        if inside and (was is None or was.path == path):
            detail = "deleting external snapshot that has internal snapshot as child not supported"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)


def merged(there: Moments, gone: Moment) -> Moments:
    """The snapshots that stay, none of which speaks of the images that went with one."""
    below = {moment.name for moment in there.descendants(gone.name)} if images_of(gone) else set()
    changed = {one.name: _without_images(one, gone) if one.name in below else one for one in there}
    return Moments(changed, there.current).without(gone.name, children=False, only_children=False)


def _without_images(moment: Moment, gone: Moment) -> Moment:
    if moment.domain is None or gone.domain is None:
        return moment
    inactive = next((_read(node) for node in gone.more if node.tag == "inactiveDomain"), gone.domain)
    more = tuple(
        kept(_as_before(_read(node), inactive, gone), "inactiveDomain") if node.tag == "inactiveDomain" else node
        for node in moment.more
    )
    return replace(moment, domain=_as_before(moment.domain, gone.domain, gone), more=more)


def _read(node: Node) -> Domain:
    copied = node.copy()
    copied.tag = "domain"
    return Domain.read(copied)


def _as_before(definition: Domain, before: Domain, gone: Moment) -> Domain:
    """A definition whose disks are in what the images that went were on top of.

    :param before: the domain when they were made.
    """
    for name, path in images_of(gone).items():
        disk, was = _disk(definition, name), _disk(before, name)
        if disk is None or was is None:
            continue
        chain = chain_of_disk(disk)
        place = _place(chain, path)
        if place == 0:
            definition = with_disk(definition, with_layers(disk, chain_of_disk(was)))
        elif place:
            layers = chain.layers[:place] + chain.layers[place + 1 :]
            definition = with_disk(definition, with_layers(disk, Chain(layers, chain.ended)))
    return definition


def _place(chain: Chain, path: str) -> int | None:
    return next((place for place, layer in enumerate(chain.layers) if layer.path == path), None)


def _disk(definition: Domain, name: str) -> Disk | None:
    return next((disk for disk in definition.parts.disks if disk.name == name and disk.source is not None), None)
