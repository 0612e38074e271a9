"""A volume's data on its way: whole, in part, with holes, and given up."""

from __future__ import annotations

import os

from stores import MIB, Store, drained, refused

from virtloom.driver.streams import Hole
from virtloom.errors import ErrorCode

SPARSE = 1


def test_what_was_uploaded_is_downloaded(store: Store) -> None:
    vol, data = store.volume(store.pool()), os.urandom(MIB)
    sink = store.upload(vol)
    for at in range(0, MIB, 100_000):
        sink.write(data[at : at + 100_000])
    sink.finish()
    assert b"".join(piece for piece in drained(store.download(vol)) if isinstance(piece, bytes)) == data


def test_a_part_is_carried(store: Store) -> None:
    vol = store.volume(store.pool())
    sink = store.upload(vol, offset=10, length=4)
    sink.write(b"data")
    assert refused(sink.write, b"!").code is ErrorCode.SYSTEM_ERROR  # beyond the part
    sink.abort()
    assert drained(store.download(vol, offset=8, length=7)) == [b"\0\0data\0"]


def test_holes_are_told_and_stay_holes(store: Store) -> None:
    pool = store.pool()
    vol, copy = store.volume(pool, "v", 8 * MIB), store.volume(pool, "copy", 8 * MIB)
    with store.file(vol).open("r+b") as image:
        image.seek(2 * MIB)
        image.write(b"x" * MIB)
    pieces = drained(store.download(vol, flags=SPARSE))
    assert (pieces[0], pieces[-1]) == (Hole(2 * MIB), Hole(5 * MIB))
    sink = store.upload(copy, flags=SPARSE)
    for piece in pieces:
        sink.hole(piece.length) if isinstance(piece, Hole) else sink.write(piece)
    sink.finish()
    assert store.file(copy).read_bytes() == store.file(vol).read_bytes()
    assert store.file(copy).stat().st_blocks * 512 <= 2 * MIB


def test_a_hole_over_data_reads_as_zeros(store: Store) -> None:
    vol = store.volume(store.pool(), "v", MIB)
    store.file(vol).write_bytes(b"x" * MIB)
    sink = store.upload(vol, flags=SPARSE)
    sink.hole(4096)
    sink.finish()
    assert store.file(vol).read_bytes() == bytes(4096) + b"x" * (MIB - 4096)


def test_a_volume_that_is_being_uploaded_to_is_for_nobody_else(store: Store) -> None:
    vol = store.volume(store.pool())
    sink = store.upload(vol)
    for call, *args in ((store.download,), (store.upload,), (store.driver.storage_vol_delete, 0)):
        assert "volume 'v' is still in use." in refused(call, vol, *args).message  # type: ignore[arg-type]
    sink.abort()
    store.driver.storage_vol_delete(vol, 0)


def test_an_image_that_was_uploaded_is_seen_as_what_it_is(store: Store) -> None:
    pool = store.pool()
    image = store.volume(pool, "image", 4 * MIB, "qcow2")
    data = store.file(image).read_bytes()
    vol = store.volume(pool, "v", len(data))
    sink = store.upload(vol)
    sink.write(data)
    sink.finish()
    assert store.capacity(vol) == 4 * MIB
    assert "<format type='qcow2'/>" in store.driver.storage_vol_get_xml_desc(vol, 0)
