"""Snapshots' documents, the places of their disks, and what a redefined one may be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from virtloom.driver.domains.moments import NONE, Moment, Moments
from virtloom.driver.domains.moments.disks import align, parse_disks, regular_files
from virtloom.driver.domains.moments.redefining import check_cycles, checked_redefinition
from virtloom.driver.domains.moments.snapshots import is_external, parse_redefinition, parse_snapshot, snapshot_node
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node, parse
from virtloom.xmldef.domain.definition import Domain

UUID = "9d37b878-a7cc-9f9a-b78f-49b3abad25a8"


def domain(*disks: str) -> Domain:
    return Domain.read(parse(f"<domain type='test'><uuid>{UUID}</uuid><devices>{''.join(disks)}</devices></domain>"))


def disk(name: str, file: str | None, attrs: str = "") -> str:
    source = f"<source file='{file}'/>" if file else ""
    return f"<disk type='file' {attrs}>{source}<target dev='{name}'/></disk>"


def wanted(text: str) -> tuple[Node, ...]:
    return parse_disks(parse(f"<domainsnapshot><disks>{text}</disks></domainsnapshot>"))


def places(rows: tuple[Node, ...]) -> dict[str | None, str | None]:
    return {row.get("name"): row.get("snapshot") for row in rows}


def refusal(make: object, *args: object, **named: object) -> VirtError:
    assert callable(make)
    with pytest.raises(VirtError) as caught:
        make(*args, **named)
    return caught.value


TWO = domain(disk("vda", "/a.img"), disk("vdb", None))


def test_every_disk_has_a_place_and_an_empty_drive_none() -> None:
    assert places(align((), TWO, "internal", "s", frozenset())) == {"vda": "internal", "vdb": "no"}


def test_a_disk_is_named_by_its_path_too() -> None:
    rows = align(wanted("<disk name='/a.img' snapshot='external'><source file='/b'/></disk>"), TWO, "external", "s",
                 frozenset())  # fmt: skip
    assert places(rows) == {"vda": "external", "vdb": "no"}


def test_a_new_file_gets_the_snapshots_name(tmp_path: Path) -> None:
    image = tmp_path / "guest.img"
    image.touch()
    guest = domain(disk("vda", str(image)))
    (row,) = align((), guest, "external", "before-upgrade", regular_files(guest))
    source = row.find("source")
    assert source is not None
    assert source.get("file") == f"{tmp_path}/guest.before-upgrade"


@pytest.mark.parametrize(
    ("disks", "default", "told"),
    [
        ("<disk name='vdz'/>", "internal", "no disk named 'vdz'"),
        ("<disk name='vda'/><disk name='/a.img'/>", "internal", "disk '/a.img' specified twice"),
        ("<disk name='vda'/><disk name='vdb'/><disk name='vdc'/>", "internal", "too many disk snapshot requests"),
        ("<disk name='vda' snapshot='external'/>", "internal", "disk 'vda' must use snapshot mode 'internal'"),
        ("<disk name='vda' snapshot='no'><source file='/b'/></disk>", "external",
         "file '/b' for disk 'vda' requires use of external snapshot mode"),
        ("", "external", "source for disk 'vda' is not a regular file; refusing to generate external snapshot name"),
        ("<disk name='vda' snapshot='external' type='block'><driver type='qcow2'/></disk>", "external",
         "cannot generate external snapshot name for disk 'vda' on a 'block' device"),
        ("<disk name='vdb' snapshot='external'/>", "external", "'vda' is not a regular file"),
    ],
)  # fmt: skip
def test_what_cannot_be_placed_is_refused(disks: str, default: str, told: str) -> None:
    error = refusal(align, wanted(disks), TWO, default, "s", frozenset())
    assert error.code is ErrorCode.CONFIG_UNSUPPORTED
    assert told in error.message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<disk/>", "missing name from disk snapshot element"),
        ("<disk name='a' snapshot='up'/>", "Invalid value for attribute 'snapshot' in element 'disk': 'up'."),
        ("<disk name='a' type='dir'/>", "unsupported disk snapshot type 'dir'"),
        ("<disk name='a'><driver type='doc'/></disk>", "unknown disk snapshot driver 'doc'"),
        ("<disk name='a'><source file='b'/></disk>", "disk snapshot image path 'b' must be absolute"),
    ],
)
def test_a_wrong_disk_is_refused(text: str, told: str) -> None:
    assert told in refusal(wanted, text).message


@pytest.mark.parametrize(
    ("memory", "offline", "told"),
    [
        ("<memory snapshot='manual'/>", False, "'manual' memory snapshot mode not supported"),
        ("<memory snapshot='internal' file='/m'/>", False, "memory filename '/m' requires external snapshot"),
        ("<memory snapshot='external'/>", False, "external memory snapshots require a filename"),
        ("<memory file='m'/>", False, "memory snapshot file path (m) must be absolute"),
        ("<memory file='/m'/>", True, "memory state cannot be saved with offline or disk-only snapshot"),
        ("<memory snapshot='up'/>", False, "Invalid value for attribute 'snapshot' in element 'memory': 'up'."),
    ],
)
def test_memory_that_cannot_be_kept_is_refused(memory: str, offline: bool, told: str) -> None:
    error = refusal(parse_snapshot, f"<domainsnapshot>{memory}</domainsnapshot>", 0.0, offline=offline)
    assert told in error.message


REDEFINED = f"""<domainsnapshot>
  <name>s</name>
  <description>words</description>
  <state>shutoff</state>
  <creationTime>1272917631</creationTime>
  <memory snapshot='no'/>
  <disks>
    <disk name='vda' snapshot='internal'/>
  </disks>
  <domain type='test'>
    <uuid>{UUID}</uuid>
    <devices>
      <disk type='file' device='disk'>
        <source file='/a.img'/>
        <target dev='vda'/>
      </disk>
    </devices>
  </domain>
</domainsnapshot>
"""


def redefined(text: str = REDEFINED) -> Moment:
    return parse_redefinition(text, lambda inner: Domain.read(parse(inner)))


def test_a_redefined_snapshot_is_written_as_it_was_read() -> None:
    moment = checked_redefinition(redefined(), NONE, redefined().domain.uuid, frozenset())  # type: ignore[union-attr,arg-type]
    assert document.write(snapshot_node(moment, UUID)) == REDEFINED
    assert not is_external(moment)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<name>s</name>", "", "a redefined snapshot must have a name"),
        ("<creationTime>1272917631</creationTime>", "", "missing creationTime from existing snapshot"),
        ("<state>shutoff</state>", "", "missing state from existing snapshot"),
        ("<state>shutoff</state>", "<state>asleep</state>", "Invalid state 'asleep' in domain snapshot XML"),
    ],
)
def test_a_redefinition_that_lacks_something_is_refused(old: str, new: str, told: str) -> None:
    assert told in refusal(redefined, REDEFINED.replace(old, new)).message


def test_a_redefinition_may_not_be_another_kind_of_snapshot() -> None:
    moment = redefined()
    assert moment.domain is not None
    uuid = moment.domain.uuid
    assert uuid is not None
    there = Moments({"s": replace(moment, state="running")})
    assert (
        "cannot change between online and offline"
        in refusal(checked_redefinition, moment, there, uuid, frozenset()).message
    )
    there = Moments({"s": replace(moment, state="disk-snapshot")})
    assert (
        "cannot change between disk only and full"
        in refusal(checked_redefinition, moment, there, uuid, frozenset()).message
    )
    assert "must use uuid" in refusal(checked_redefinition, moment, NONE, b"\0" * 16, frozenset()).message
    told = refusal(checked_redefinition, moment, NONE, uuid, frozenset(), disk_only=True).message
    assert "requires disk-snapshot state" in told


def test_a_parent_must_be_there_and_not_below() -> None:
    a, b = (Moment(name, None, parent, 1, None) for name, parent in (("a", None), ("b", "a")))
    both = Moments({"a": a, "b": b})
    check_cycles(b, both)
    for parent, told in (
        ("a", "cannot set moment a as its own parent"),
        ("c", "parent c for moment a not found"),
        ("b", "parent b would create cycle to a"),
    ):
        assert told in refusal(check_cycles, replace(a, parent=parent), both).message
