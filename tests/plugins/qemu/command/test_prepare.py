"""What comes to a running guest gets names and numbers that nothing else of its run has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from emulated import emulator, guest, rules

from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command import Context, prepare
from virtloom_qemu.command.prepare import without_media_formats
from virtloom_qemu.settings import Settings

RNG = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
DISK = "<disk type='file'><source file='/a'/><target dev='vd{}' bus='virtio'/></disk>"
CONTEXT = Context(emulator(), Settings(), Path("/nonexistent"), id=1)


def aliases(definition: Domain) -> list[str | None]:
    return [one.value("alias", "name") for one in definition.parts.rngs]


def test_the_alias_of_a_device_that_went_is_not_given_to_one_that_is_there() -> None:
    live = prepare(guest(RNG * 3), CONTEXT)
    assert aliases(live) == ["rng0", "rng1", "rng2"]
    fewer = live.with_devices(rngs=live.parts.rngs[1:])
    _, new = rules().parse_device(RNG, fewer)
    more = prepare(fewer.with_devices(rngs=(*fewer.parts.rngs, new)), CONTEXT)
    assert aliases(more) == ["rng1", "rng2", "rng3"]


def test_what_is_prepared_stays_as_it_is() -> None:
    live = prepare(guest(RNG + DISK.format("a") + "<channel type='unix'><target type='virtio' name='x'/></channel>"),
                   CONTEXT)  # fmt: skip
    assert prepare(rules().complete(live), CONTEXT) == live


def test_images_are_numbered_from_where_the_context_says() -> None:
    live = prepare(guest(DISK.format("a") + DISK.format("b")), replace(CONTEXT, first_image=7))
    assert [disk.source.get("index") for disk in live.parts.disks if disk.source] == ["8", "7"]


def test_an_empty_drive_takes_a_number_for_what_will_be_in_it() -> None:
    drive = "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/></disk>"
    live = prepare(guest(DISK.format("a") + drive), CONTEXT)
    assert [disk.source.get("index") for disk in live.parts.disks if disk.source] == ["2"]


def test_what_is_plugged_in_later_has_the_next_number_whatever_is_empty() -> None:
    drive = "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/></disk>"
    live = prepare(guest(DISK.format("a") + drive), CONTEXT)
    _, new = rules().parse_device(DISK.format("b"), live)
    more = prepare(live.with_devices(disks=(*live.parts.disks, new)), replace(CONTEXT, first_image=3))
    assert [disk.source.get("index") for disk in more.parts.disks if disk.source] == ["2", "3"]


def test_an_empty_drive_of_a_run_says_no_format() -> None:
    drive = "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='hdc' bus='ide'/></disk>"
    live = without_media_formats(prepare(guest(DISK.format("a") + drive), CONTEXT))
    assert [disk.driver.get("type") for disk in live.parts.disks if disk.driver] == ["raw", None]
