"""What a snapshot of new images leaves behind when it is deleted: in the disks' chains, and in other snapshots."""

from __future__ import annotations

from dataclasses import replace

import pytest
from emulated import guest

from virtloom.driver.domains.moments import NONE, Moment, Moments
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.snapshots.definitions import kept
from virtloom_qemu.snapshots.merging import deleting, merged, merges_of
from virtloom_qemu.storage.layers import Chain, Layer, chain_of_disk, with_disk, with_layers

DISK = "<disk type='file'><driver type='qcow2'/><source file='{path}'/><target dev='vda' bus='virtio'/></disk>"


def domain(*paths: str) -> Domain:
    """A guest whose disk has images of these paths."""
    made = guest(DISK.format(path=paths[0]))
    layers = tuple(Layer("file", "qcow2", Node("source", {"file": path})) for path in paths)
    return made if len(paths) == 1 else with_disk(made, with_layers(made.parts.disks[0], Chain(layers, ended=True)))


def moment(name: str, was: Domain, parent: str | None, image: str | None) -> Moment:
    """A snapshot that made an image, or is inside the one that there was."""
    row = Node("disk", {"name": "vda", "snapshot": "external" if image else "internal"})
    if image:
        row.add("source", {"file": image})
    more = (kept(was, "inactiveDomain"),)
    return Moment(name, None, parent, 0, was, state="running", disks=(row,), more=more)


def forest(*moments: Moment) -> Moments:
    made = NONE
    for one in moments:
        made = made.added(one, current=True)
    return made


A = moment("a", domain("/0"), None, "/a")
B = moment("b", domain("/a"), "a", "/b")
C = moment("c", domain("/b"), "b", "/c")


def images(one: Domain) -> list[str | None]:
    return [layer.path for layer in chain_of_disk(one.parts.disks[0]).layers]


def kept_images(one: Moment) -> list[str | None]:
    node = next(node for node in one.more if node.tag == "inactiveDomain").copy()
    node.tag = "domain"
    return images(Domain.read(node))


def test_the_child_is_in_the_image_that_the_one_that_went_was_on_top_of() -> None:
    after = merged(forest(A, B, C), B)
    assert [(one.name, one.parent) for one in after] == [("a", None), ("c", "a")]
    assert after.current == "c"
    child = after.by_name["c"]
    assert child.domain is not None
    assert images(child.domain) == kept_images(child) == ["/a"]
    assert after.by_name["a"] is A


def test_an_image_in_the_middle_of_a_chain_is_taken_out_of_it() -> None:
    deep = moment("c", domain("/b", "/a", "/0"), "b", "/c")
    child = merged(forest(A, B, deep), A).by_name["c"]
    assert child.domain is not None
    assert images(child.domain) == kept_images(child) == ["/b", "/0"]


def test_an_image_with_a_snapshot_inside_stays_and_those_before_it_may_go() -> None:
    there = forest(A, B, moment("c", domain("/b"), "b", None))
    now = domain("/b", "/a", "/0")
    with pytest.raises(VirtError, match="that has internal snapshot as child not supported"):
        merges_of(B, there, now)
    assert [merge.place for merge in merges_of(A, there, now)] == [1]


@pytest.mark.parametrize(("one", "place"), [(C, 0), (B, 1), (A, 2)])
def test_an_image_is_found_wherever_it_is_in_the_chain(one: Moment, place: int) -> None:
    [merge] = merges_of(one, forest(A, B, C), domain("/c", "/b", "/a", "/0"))
    assert (merge.disk.name, merge.place) == ("vda", place)


@pytest.mark.parametrize(
    ("there", "now", "code", "words"),
    [
        (forest(A, B), domain("/a", "/0"), ErrorCode.INVALID_ARG, "could not find base disk source"),
        (forest(A, B), domain("/b"), ErrorCode.OPERATION_FAILED, "failed to find parent disk source"),
        (forest(A, B), domain("/b", "/x"), ErrorCode.OPERATION_FAILED, "parent disk source are not the same"),
        (forest(A, B), guest(""), ErrorCode.INVALID_ARG, "disk 'vda' not found in domain"),
        (
            forest(replace(A, disks=(Node("disk", {"name": "vda", "snapshot": "internal"}),)), B),
            domain("/b", "/a"),
            ErrorCode.OPERATION_UNSUPPORTED,
            "has internal snapshot as parent",
        ),
    ],
)
def test_what_cannot_go_is_refused(there: Moments, now: Domain, code: ErrorCode, words: str) -> None:
    with pytest.raises(VirtError, match=words) as caught:
        merges_of(B, there, now)
    assert caught.value.code == code


def test_an_image_that_went_with_a_delete_that_was_cut_off_is_not_missed() -> None:
    begun = deleting(B)
    assert merges_of(begun, forest(A, begun), domain("/a", "/0")) == []
    assert len(merges_of(begun, forest(A, begun), domain("/b", "/a", "/0"))) == 1
