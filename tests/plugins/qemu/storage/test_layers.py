"""A disk's chain is the same whether it is looked at as nested elements or as a sequence of images."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Disk, DiskTarget
from virtloom_qemu.storage.layers import (
    Chain,
    Layer,
    chain_of_disk,
    mirror_as_disk,
    mirror_of,
    with_layers,
)

DISK = Disk(target=DiskTarget(dev="vda", bus="virtio"))


@st.composite
def chains(draw: st.DrawFn) -> Chain:
    count = draw(st.integers(1, 6))
    numbered = draw(st.booleans())
    forms = draw(st.lists(st.sampled_from(["qcow2", "raw"]), min_size=count, max_size=count))
    layers = [
        Layer("file", form, Node("source", {"file": f"/images/{place}"}), place + 1 if numbered else None)
        for place, form in enumerate(forms)
    ]
    return Chain(tuple(layers), draw(st.booleans()))


@given(chains())
def test_a_chain_survives_being_put_into_a_disk(chain: Chain) -> None:
    disk = with_layers(DISK, chain)
    assert chain_of_disk(disk) == chain
    assert chain_of_disk(Disk.read(disk.node())) == chain


@given(chains(), st.sampled_from(["copy", "active-commit"]))
def test_a_disk_takes_the_place_of_its_mirror(chain: Chain, job: str) -> None:
    disk = with_layers(DISK, Chain((Layer("file", "raw", Node("source", {"file": "/old"}), 9),))).replace(
        mirror=mirror_of(chain, job, "yes")
    )
    after = mirror_as_disk(disk)
    assert chain_of_disk(after) == chain
    assert after.mirror is None
    assert after.target == disk.target


@given(chains(), st.data())
def test_what_is_taken_out_is_all_that_is_missing(chain: Chain, data: st.DataObject) -> None:
    begin = data.draw(st.integers(1, len(chain.layers)))
    end = data.draw(st.integers(begin, len(chain.layers)))
    rest = chain.without(begin, end)
    assert rest.layers == chain.layers[:begin] + chain.layers[end:]
    assert rest.ended == (chain.ended or end == len(chain.layers))


def test_an_empty_drive_has_no_images() -> None:
    assert chain_of_disk(DISK) == Chain(())
