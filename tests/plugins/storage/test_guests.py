"""What guests use is neither changed under them nor given to two of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import MIB, Store, refused

from virtloom.driver.handles import DomainHandle, StorageVolHandle
from virtloom.driver.images import ImageUse, Use
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Checker, LockManager
from virtloom_storage.driver import HostStorage
from virtloom_storage.leases import Leases, Owner

WEB, DB = DomainHandle("web", b"w" * 16, 1), DomainHandle("db", b"d" * 16, 2)
CHANGES: dict[str, Callable[[HostStorage, StorageVolHandle], object]] = {
    "delete": lambda driver, vol: driver.storage_vol_delete(vol, 0),
    "resize": lambda driver, vol: driver.storage_vol_resize(vol, 2 * MIB, 0),
    "wipe": lambda driver, vol: driver.storage_vol_wipe_pattern(vol, 0, 0),
}


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("change", CHANGES)
def test_a_volume_that_a_guest_uses_is_left_alone(store: Store, change: str, use: Use) -> None:
    driver, vol = store.driver, store.volume(store.pool())
    driver.lease_images(WEB, [ImageUse(vol.key, use)])
    error = refused(CHANGES[change], driver, vol)
    assert error.code is ErrorCode.OPERATION_INVALID
    assert "domain 'web'" in (error.hint or "")
    driver.release_images(WEB)
    CHANGES[change](driver, vol)


def test_a_volume_that_a_guest_uses_is_copied_and_read(store: Store) -> None:
    pool = store.pool()
    vol = store.volume(pool)
    store.driver.lease_images(WEB, [ImageUse(vol.key, Use.WRITE)])
    store.driver.storage_vol_create_xml_from(pool, "<volume><name>copy</name><capacity>0</capacity></volume>", vol, 0)
    store.download(vol).close()
    assert refused(store.upload, vol).code is ErrorCode.OPERATION_INVALID


def test_a_guest_names_an_image_through_a_link(store: Store) -> None:
    vol = store.volume(store.pool())
    (store.folder / "link").symlink_to(store.folder / "p")
    store.driver.lease_images(WEB, [ImageUse(f"{store.folder}/link/./v", Use.WRITE)])
    assert refused(store.driver.storage_vol_delete, vol, 0).code is ErrorCode.OPERATION_INVALID


def test_the_storage_of_a_guest_that_runs_is_not_touched_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hang by now; what was found when the guest took its images stays known."""
    vol = store.volume(store.pool())
    (store.folder / "link").symlink_to(store.folder / "p")
    through = ImageUse(f"{store.folder}/link/v", Use.WRITE)
    store.driver.lease_images(WEB, [through])
    with monkeypatch.context() as patch:
        patch.delattr("os.path.realpath")
        store.driver.lease_images(WEB, [through, ImageUse("/far/new", Use.WRITE)], running=True)
        store.driver.lease_images(DB, [ImageUse("/far/old", Use.WRITE)], running=True)  # found again by a new daemon
    assert refused(store.driver.storage_vol_delete, vol, 0).code is ErrorCode.OPERATION_INVALID


def test_a_guest_does_not_get_what_an_upload_writes_to(store: Store) -> None:
    driver, vol = store.driver, store.volume(store.pool())
    sink = store.upload(vol)
    error = refused(driver.lease_images, WEB, [ImageUse(vol.key, Use.READ)])
    assert error.code is ErrorCode.RESOURCE_BUSY
    assert vol.key in str(error)
    driver.lease_images(WEB, [ImageUse(vol.key, Use.READ)], running=True)  # what runs cannot be refused
    driver.release_images(WEB)
    sink.finish()
    driver.lease_images(WEB, [ImageUse(vol.key, Use.READ)])


def test_a_refused_guest_keeps_what_it_had(store: Store) -> None:
    pool = store.pool()
    mine, theirs = store.volume(pool, "mine"), store.volume(pool, "theirs")
    store.driver.lease_images(DB, [ImageUse(theirs.key, Use.WRITE)])
    store.driver.lease_images(WEB, [ImageUse(mine.key, Use.WRITE)])
    both = [ImageUse(mine.key, Use.WRITE), ImageUse(theirs.key, Use.READ)]
    assert "domain 'db'" in str(refused(store.driver.lease_images, WEB, both))
    assert "domain 'web'" in (refused(store.driver.storage_vol_delete, mine, 0).hint or "")


def test_of_a_guest_and_a_deletion_at_one_moment_one_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deletion comes when the guest's use is noted, and nobody has looked yet who works on the volume."""
    driver, vol = store.driver, store.volume(store.pool())
    errors: list[VirtError] = []
    look = driver._claim_on

    def interrupted(paths: set[str]) -> object:
        errors.append(refused(driver.storage_vol_delete, vol, 0))
        return look(paths)

    monkeypatch.setattr(driver, "_claim_on", interrupted)
    driver.lease_images(WEB, [ImageUse(vol.key, Use.WRITE)])
    assert [error.code for error in errors] == [ErrorCode.OPERATION_INVALID]
    assert store.file(vol).exists()


uses = st.lists(st.builds(ImageUse, st.sampled_from(["/a", "/b", "/c"]), st.sampled_from(Use)), max_size=3)
guests = st.integers(1, 3)


@given(st.lists(st.tuples(guests, st.one_of(st.none(), uses)), max_size=12))
def test_no_history_lets_two_guests_write_to_one_image(history: list[tuple[int, list[ImageUse] | None]]) -> None:
    leases = Leases(LockManager("test", Checker("enforce")))
    held: dict[int, frozenset[ImageUse]] = {}
    for guest, wanted in history:
        owner = Owner(bytes([guest]) * 16, 1, f"g{guest}")
        if wanted is None:
            leases.release(owner)
            held.pop(guest, None)
            continue
        others = [use for other, theirs in held.items() if other != guest for use in theirs]
        clash = any(
            mine.path == use.path and (Use.WRITE in (mine.use, use.use) or mine.use is not use.use)
            for mine, use in itertools.product(wanted, others)
        )
        if clash:
            assert refused(leases.hold, owner, wanted).code is ErrorCode.RESOURCE_BUSY
        else:
            leases.hold(owner, wanted)
            held[guest] = frozenset(wanted)
    for path in ("/a", "/b", "/c"):
        names = {lease.owner.name for lease in leases.on([path])}
        assert names == {f"g{guest}" for guest, mine in held.items() if path in {use.path for use in mine}}
