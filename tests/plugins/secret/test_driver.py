"""Secrets: what is kept where, who may see a value, and what a definition may not change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import virtloom_secret.plugin
from daemons import eventually
from gates import Gate
from virtloom.errors import ErrorCode, VirtError
from virtloom.testkit import HostedDriver, hosted
from virtloom.xmldef import validation
from virtloom_secret.driver import Secrets

ONE, TWO = (f"d1d1d1d1-0001-4000-8000-00000000000{number}" for number in (1, 2))
DEFINED, UNDEFINED = (0, 0), (1, 0)


def xml(uuid: str = ONE, *, volume: str | None = "/a", attrs: str = "") -> str:
    usage = f"<usage type='volume'><volume>{volume}</volume></usage>" if volume else ""
    return f"<secret {attrs}><uuid>{uuid}</uuid>{usage}</secret>"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[HostedDriver]:
    with hosted(virtloom_secret.plugin, tmp_path) as running:
        yield running


@pytest.fixture
def secrets(kept: HostedDriver) -> Secrets:
    assert isinstance(kept.driver, Secrets)
    return kept.driver


def refused(call: Any, *args: Any, **named: Any) -> VirtError:
    with pytest.raises(VirtError) as caught:
        call(*args, **named)
    return caught.value


def test_a_secret_is_defined_given_a_value_and_undefined(kept: HostedDriver, secrets: Secrets) -> None:
    handle = secrets.secret_define_xml(xml(), 0)
    assert handle == (UUID(ONE).bytes, 1, "/a")
    assert refused(secrets.secret_get_value, handle, 0).code is ErrorCode.NO_SECRET
    secrets.secret_set_value(handle, b"open sesame", 0)
    assert secrets.secret_get_value(handle, 0) == b"open sesame"
    assert secrets.secret_lookup_by_usage(1, "/a") == secrets.secret_lookup_by_uuid(UUID(ONE).bytes) == handle
    secrets.secret_undefine(handle)
    assert "no secret with matching uuid" in refused(secrets.secret_get_value, handle, 0).message
    assert [(event.number, event.payload) for event in kept.events()] == [(0, DEFINED), (1, ()), (0, UNDEFINED)]


def test_the_document_is_written_as_libvirt_writes_it(secrets: Secrets) -> None:
    handle = secrets.secret_define_xml(xml(attrs="private='yes'"), 0)
    assert secrets.secret_get_xml_desc(handle, 0) == (
        "<secret ephemeral='no' private='yes'>\n"
        f"  <uuid>{ONE}</uuid>\n"
        "  <usage type='volume'>\n    <volume>/a</volume>\n  </usage>\n"
        "</secret>\n"
    )


def test_a_private_value_is_for_other_drivers_only(secrets: Secrets) -> None:
    handle = secrets.secret_define_xml(xml(attrs="private='yes'"), 0)
    secrets.secret_set_value(handle, b"x", 0)
    error = refused(secrets.secret_get_value, handle, 0)
    assert (error.code, error.message) == (ErrorCode.INVALID_SECRET, "Invalid secret: secret is private")
    assert secrets.reveal(uuid=handle.uuid) == secrets.reveal(usage_type=1, usage_id="/a") == b"x"


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (xml(), xml(TWO), f"a secret with UUID {ONE} already defined for use with /a"),
        (xml(), xml(volume="/b"), f"a secret with UUID {ONE} is already defined for use with /a"),
        (xml(volume=None), xml(volume="/b"), f"a secret with UUID {ONE} is already defined for use with (null)"),
        (xml(attrs="private='yes'"), xml(), "cannot change private flag on existing secret"),
    ],
)
def test_what_a_definition_may_not_change_is_refused_and_nothing_changes(
    secrets: Secrets, first: str, second: str, told: str
) -> None:
    handle = secrets.secret_define_xml(first, 0)
    before = secrets.secret_get_xml_desc(handle, 0)
    assert told in refused(secrets.secret_define_xml, second, 0).message
    assert secrets.secret_get_xml_desc(handle, 0) == before
    assert len(secrets.connect_list_all_secrets(0)) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<secret ephemeral='maybe'/>", "invalid value of 'ephemeral'"),
        ("<secret><uuid>no</uuid></secret>", "malformed uuid element"),
        ("<secret><usage/></secret>", "unknown secret usage type"),
        ("<secret><usage type='moon'/></secret>", "unknown secret usage type moon"),
        ("<secret><usage type='tls'/></secret>", "TLS usage specified, but name is missing"),
        ("<network/>", "expecting root element of 'secret', not 'network'"),
    ],
)
def test_a_wrong_document_is_refused(secrets: Secrets, text: str, told: str) -> None:
    assert told in refused(secrets.secret_define_xml, text, 0).message
    assert secrets.connect_list_all_secrets(0) == []


def test_lists_are_filtered(secrets: Secrets) -> None:
    secrets.secret_define_xml(xml(attrs="ephemeral='yes'"), 0)
    secrets.secret_define_xml(xml(TWO, volume="/b", attrs="private='yes'"), 0)
    listed = {flags: [h.usageID for h in secrets.connect_list_all_secrets(flags)] for flags in (0, 1, 2, 4, 8, 1 | 4)}
    assert listed == {0: ["/a", "/b"], 1: ["/a"], 2: ["/b"], 4: ["/b"], 8: ["/a"], 5: []}
    assert "unsupported flags (0x10)" in refused(secrets.connect_list_all_secrets, 16).message


def test_a_restarted_driver_finds_what_was_kept_and_no_more(tmp_path: Path) -> None:
    with hosted(virtloom_secret.plugin, tmp_path) as first:
        kept = first.driver.secret_define_xml(xml(), 0)
        first.driver.secret_set_value(kept, b"\0value", 0)
        passing = first.driver.secret_define_xml(xml(TWO, volume="/b", attrs="ephemeral='yes'"), 0)
        first.driver.secret_set_value(passing, b"x", 0)
    files = sorted(tmp_path.glob("etc/secrets/*"))
    assert [path.name for path in files] == [f"{ONE}.base64", f"{ONE}.xml"]
    assert {os.stat(path).st_mode & 0o777 for path in files} == {0o600}
    with hosted(virtloom_secret.plugin, tmp_path) as second:
        assert second.driver.connect_list_all_secrets(0) == [kept]
        assert second.driver.secret_get_value(kept, 0) == b"\0value"


def test_a_file_that_is_named_as_another_secret_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with hosted(virtloom_secret.plugin, tmp_path) as first:
        first.driver.secret_define_xml(xml(), 0)
    (tmp_path / f"etc/secrets/{ONE}.xml").rename(tmp_path / f"etc/secrets/{TWO}.xml")
    with hosted(virtloom_secret.plugin, tmp_path) as second:
        assert second.driver.connect_list_all_secrets(0) == []
    assert f"the secret {ONE} cannot be loaded: its file is named '{TWO}'" in caplog.text


def test_a_secret_that_becomes_ephemeral_leaves_no_file(secrets: Secrets, tmp_path: Path) -> None:
    handle = secrets.secret_define_xml(xml(), 0)
    secrets.secret_set_value(handle, b"x", 0)
    secrets.secret_define_xml(xml(attrs="ephemeral='yes'"), 0)
    assert list(tmp_path.glob("etc/secrets/*")) == []
    assert secrets.secret_get_value(handle, 0) == b"x"


def test_a_definition_that_cannot_be_written_is_not_there(secrets: Secrets, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir(exist_ok=True)
    (tmp_path / "etc" / "secrets").write_text("in the way")
    assert refused(secrets.secret_define_xml, xml(), 0).code is ErrorCode.SYSTEM_ERROR
    assert secrets.connect_list_all_secrets(0) == []
    (tmp_path / "etc" / "secrets").unlink()
    assert secrets.secret_define_xml(xml(), 0).usageID == "/a"


def test_one_usage_goes_to_one_of_many_who_ask_for_it_at_once(secrets: Secrets) -> None:
    def define(number: int) -> bool:
        try:
            secrets.secret_define_xml(xml(f"d1d1d1d1-0001-4000-8000-{number:012d}"), 0)
        except VirtError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(define, range(32))) == 1
    assert len(secrets.connect_list_all_secrets(0)) == 1


def test_a_document_is_held_against_its_schema_if_that_is_asked_for(secrets: Secrets) -> None:
    if not validation.is_available() or not (validation.SCHEMAS / "secret.rng").exists():
        pytest.skip("libvirt's schemas or lxml are not installed")
    wrong = xml().replace("<usage ", "<moon/><usage ")
    assert refused(secrets.secret_define_xml, wrong, 1).code is ErrorCode.XML_INVALID_SCHEMA
    assert secrets.secret_define_xml(xml(), 1).usageID == "/a"


def test_a_usage_of_another_type_that_is_taken_is_refused_and_nothing_is_overwritten(
    secrets: Secrets, tmp_path: Path
) -> None:
    secrets.secret_define_xml(f"<secret><uuid>{TWO}</uuid><usage type='ceph'><name>/a</name></usage></secret>", 0)
    handle = secrets.secret_define_xml(xml(), 0)
    before = (tmp_path / f"etc/secrets/{ONE}.xml").read_text()
    stolen = f"<secret><uuid>{ONE}</uuid><usage type='ceph'><name>/a</name></usage></secret>"
    told = refused(secrets.secret_define_xml, stolen, 0).message
    assert f"a secret with UUID {TWO} already defined for use with /a" in told
    assert (tmp_path / f"etc/secrets/{ONE}.xml").read_text() == before
    assert secrets.secret_lookup_by_usage(1, "/a") == handle


def waits(secrets: Secrets) -> bool:
    """Whether a call waits for a job on a secret."""
    return any(found.jobs.waiting for found in secrets._all)


def test_who_defines_a_secret_that_is_being_undefined_gets_one_that_stays(
    secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = secrets.secret_define_xml(xml(), 0)
    gate = Gate(monkeypatch, secrets, "_drop")
    with ThreadPoolExecutor(2) as pool:
        undefining = pool.submit(secrets.secret_undefine, handle)
        assert gate.reached.wait(20)
        defining = pool.submit(secrets.secret_define_xml, xml(), 0)
        eventually(lambda: waits(secrets) or defining.done(), "the definition waits for the end of the other")
        gate.open.set()
        undefining.result(20)
        assert defining.result(20) == handle
    assert secrets.connect_list_all_secrets(0) == [handle]
    assert [path.name for path in tmp_path.glob("etc/secrets/*")] == [f"{ONE}.xml"]


def test_a_definition_that_fails_takes_nothing_from_one_that_came_to_its_end_before(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one makes the object and is overtaken before it has the job; what it then fails with is its own."""
    gate = Gate(monkeypatch, secrets._all, "obtain", after=True)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(refused, secrets.secret_define_xml, xml(), 0)
        assert gate.reached.wait(20)
        handle = secrets.secret_define_xml(xml(attrs="private='yes'"), 0)
        gate.open.set()
        assert "cannot change private flag" in first.result(20).message
    assert secrets.connect_list_all_secrets(0) == [handle]
