"""What a job's success makes of the definitions. Pure: documents in, documents out.

| kind | the running disk | the disk of the next start |
|---|---|---|
| pull | what was pulled is taken out from behind the first image | the same if its chain is known to be the same, else what is behind it is found out anew |
| commit | what was committed is taken out | the same |
| active commit | the base becomes the disk's image | the same, and the base also where only the first image is the same |
| copy | the copy becomes the disk's image | the copy where the image was the same |
"""  # noqa: E501

from __future__ import annotations

from typing import NamedTuple

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.blockjobs.job import ACTIVE_COMMIT, COPY, PULL, BlockJob
from virtloom_qemu.storage.layers import Chain, Layer, chain_of_disk, mirror_as_disk, with_disk, with_layers


class Outcome(NamedTuple):
    """What follows from a job's end.

    :ivar live: config: the definitions afterwards; :ivar gone: images that nothing uses any more.
    """

    live: Domain
    config: Domain | None
    gone: tuple[Layer, ...]


def succeeded(job: BlockJob, live: Domain, config: Domain | None) -> Outcome:
    """A job has done what it was started for.

    :param config: the definition of the next start; None if none is kept.
    """
    disk = _disk(live, job.disk)
    if disk is None:
        return Outcome(live, config, ())
    chain = chain_of_disk(disk)
    if job.kind == COPY:
        return _copied(job, live, config, disk, chain)
    if not {job.top, job.base} <= {None, *(layer.number for layer in chain.layers)}:
        return Outcome(with_disk(live, disk.replace(mirror=None)), config, ())  # the disk got another image meanwhile
    begin = 1 if job.kind == PULL else chain.place(job.top)
    end = chain.place(job.base)
    gone = chain.layers[begin:end]
    changed = with_layers(disk, chain.without(begin, end)) if gone else disk
    kept = _kept(job, config, chain, begin, end)
    return Outcome(with_disk(live, changed.replace(mirror=None)), kept, gone)


def came_to_nothing(job: BlockJob, live: Domain, config: Domain | None) -> Outcome:
    """A job was cancelled or failed: the disk is as it was, and the image that it was copied to is let go."""
    disk = _disk(live, job.disk)
    if disk is None or disk.mirror is None:
        return Outcome(live, config, ())
    copied = chain_of_disk(mirror_as_disk(disk)).layers
    if job.kind == ACTIVE_COMMIT:
        copied = ()  # it is in the disk's chain
    elif job.reuse and job.shallow:
        copied = copied[:1]  # what is behind it is opened only when the copy takes the disk's place
    return Outcome(with_disk(live, disk.replace(mirror=None)), config, copied)


def _copied(job: BlockJob, live: Domain, config: Domain | None, disk: Disk, chain: Chain) -> Outcome:
    made = chain_of_disk(mirror_as_disk(disk))
    gone = chain.layers
    if job.shallow and not job.reuse and len(made.layers) == 1:
        made = Chain(made.layers + chain.layers[1:], chain.ended)  # what is behind the image is behind its copy
        gone = chain.layers[:1]
    changed = with_layers(disk, made).replace(mirror=None)
    return Outcome(with_disk(live, changed), _with_first(config, disk.name, chain, made), gone)


def _kept(job: BlockJob, config: Domain | None, chain: Chain, begin: int, end: int) -> Domain | None:
    kept = None if config is None else _disk(config, job.disk)
    if config is None or kept is None or kept.source is None:
        return config
    own = chain_of_disk(kept)
    if _same(own, chain, min(end + 1, len(chain.layers)), whole=end == len(chain.layers)):
        changed = with_layers(kept, own.without(begin, end)) if end > begin else kept
        return with_disk(config, changed)
    if job.kind == ACTIVE_COMMIT:
        return _with_first(config, job.disk, chain, chain.without(begin, end))
    if own.layers[0].is_at(chain.layers[0]):
        return with_disk(config, kept.replace(backing_store=None))
    return config


def _same(one: Chain, other: Chain, count: int, *, whole: bool) -> bool:
    """Whether two chains begin with the same images."""
    if len(one.layers) < count or (whole and len(one.layers) != len(other.layers)):
        return False
    return all(mine.is_at(theirs) for mine, theirs in zip(one.layers[:count], other.layers[:count], strict=True))


def _with_first(config: Domain | None, name: str, before: Chain, after: Chain) -> Domain | None:
    """The kept definition with the image that the running disk has now, if it had the image that that had before."""
    kept = None if config is None else _disk(config, name)
    if config is None or kept is None or kept.source is None:
        return config
    if not chain_of_disk(kept).layers[0].is_at(before.layers[0]):
        return config
    ended = after.ended and len(after.layers) == 1
    return with_disk(config, with_layers(kept, Chain((after.layers[0]._replace(number=None),), ended)))


def _disk(definition: Domain, name: str) -> Disk | None:
    return next((disk for disk in definition.parts.disks if disk.name == name), None)
