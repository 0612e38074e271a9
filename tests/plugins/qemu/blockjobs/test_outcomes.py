"""What is left of a chain when a job has ended, in the run and for the next start."""

from __future__ import annotations

import pytest
from emulated import guest

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.blockjobs.job import ACTIVE_COMMIT, COMMIT, COPY, PULL, BlockJob
from virtloom_qemu.blockjobs.outcomes import Outcome, came_to_nothing, succeeded
from virtloom_qemu.storage.layers import Chain, Layer, chain_of_disk, mirror_of, with_disk, with_layers

DISK = "<disk type='file'><driver type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/></disk>"


def layer(path: str, number: int | None = None) -> Layer:
    return Layer("file", "qcow2", Node("source", {"file": path}), number)


def live(*paths: str) -> Domain:
    """A guest whose disk has a chain, numbered from 1."""
    made = guest(DISK.format(path=paths[0]))
    chain = Chain(tuple(layer(path, number) for number, path in enumerate(paths, 1)), ended=True)
    return with_disk(made, with_layers(made.parts.disks[0], chain))


def config(path: str, *behind: str) -> Domain:
    """What is kept of a guest, with what its document says of the chain."""
    made = guest(DISK.format(path=path))
    if not behind:
        return made
    chain = Chain((layer(path), *(layer(one) for one in behind)), ended=True)
    return with_disk(made, with_layers(made.parts.disks[0], chain))


def mirrored(domain: Domain, mirror: Chain, kind: str) -> Domain:
    disk = domain.parts.disks[0]
    return with_disk(domain, disk.replace(mirror=mirror_of(mirror, kind, "yes")))


def paths(definition: Domain | None) -> list[str | None]:
    assert definition is not None
    return [one.path for one in chain_of_disk(definition.parts.disks[0]).layers]


def seen(outcome: Outcome) -> tuple[list[str | None], list[str | None], list[str | None]]:
    """The chain that runs, the chain of the next start, and what is not used any more."""
    return paths(outcome.live), paths(outcome.config), [one.path for one in outcome.gone]


def job(kind: str, **fields: object) -> BlockJob:
    return BlockJob(f"{kind}-vda", kind, "vda", **fields)  # type: ignore[arg-type]


def test_a_pull_leaves_the_first_image_and_what_is_below_the_base() -> None:
    domain = live("/a", "/b", "/c", "/d")
    assert seen(succeeded(job(PULL, base=4), domain, config("/a"))) == (["/a", "/d"], ["/a"], ["/b", "/c"])
    assert seen(succeeded(job(PULL), domain, config("/a"))) == (["/a"], ["/a"], ["/b", "/c", "/d"])


def test_a_chain_that_a_user_wrote_is_changed_with_the_one_that_runs() -> None:
    kept = config("/a", "/b", "/c", "/d")
    domain = live("/a", "/b", "/c", "/d")
    assert seen(succeeded(job(COMMIT, top=2, base=3), domain, kept))[1] == ["/a", "/c", "/d"]
    assert seen(succeeded(job(PULL), domain, kept))[1] == ["/a"]
    assert seen(succeeded(job(ACTIVE_COMMIT, top=1, base=3), domain, kept))[1] == ["/c", "/d"]


def test_a_chain_that_is_another_one_is_forgotten_where_it_might_be_wrong() -> None:
    outcome = succeeded(job(COMMIT, top=2, base=3), live("/a", "/b", "/c"), config("/a", "/other"))
    assert seen(outcome) == (["/a", "/c"], ["/a"], ["/b"])


def test_an_active_commit_makes_the_base_the_disk() -> None:
    domain = mirrored(live("/a", "/b", "/c"), Chain((layer("/b", 2),)), ACTIVE_COMMIT)
    outcome = succeeded(job(ACTIVE_COMMIT, top=1, base=2), domain, config("/a"))
    assert seen(outcome) == (["/b", "/c"], ["/b"], ["/a"])
    assert outcome.live.parts.disks[0].mirror is None


def test_a_copy_takes_the_disks_place_and_a_shallow_one_what_is_behind_it() -> None:
    domain = live("/a", "/b")
    deep = mirrored(domain, Chain((layer("/copy", 7),), ended=True), COPY)
    assert seen(succeeded(job(COPY), deep, config("/a"))) == (["/copy"], ["/copy"], ["/a", "/b"])
    shallow = mirrored(domain, Chain((layer("/copy", 7),)), COPY)
    assert seen(succeeded(job(COPY, shallow=True), shallow, config("/a"))) == (["/copy", "/b"], ["/copy"], ["/a"])


def test_a_disk_that_was_given_another_image_for_its_next_start_keeps_it() -> None:
    domain = mirrored(live("/a"), Chain((layer("/copy", 7),), ended=True), COPY)
    assert paths(succeeded(job(COPY), domain, config("/later")).config) == ["/later"]


@pytest.mark.parametrize(("kind", "gone"), [(COPY, ["/b"]), (ACTIVE_COMMIT, [])])
def test_a_job_that_comes_to_nothing_leaves_the_disk_as_it_was(kind: str, gone: list[str]) -> None:
    before = live("/a", "/b")
    outcome = came_to_nothing(job(kind), mirrored(before, Chain((layer("/b", 7),)), kind), config("/a"))
    assert seen(outcome) == (["/a", "/b"], ["/a"], gone)
    assert outcome.live.parts.disks == before.parts.disks
