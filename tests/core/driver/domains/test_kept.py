"""What is kept of domains on disk: found again as it was, read anew where somebody changed it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from virtloom.driver import API_VERSION, DriverDeclaration, DriverHost, DriverKind, hookimpl
from virtloom.driver.domains import DomainState, KeptDomains
from virtloom.locks import ObjectType
from virtloom.testkit.host import HostedDriver, hosted
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.rules import DomainRules

TYPE = ObjectType("domain", key="uuid")
UUID = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
DOCUMENT = f"""<domain type='test'><name>web</name><uuid>{UUID}</uuid><memory>65536</memory>
<os><type>hvm</type></os></domain>"""
read: list[str] = []  # what the rules were given


class Rules(DomainRules):
    """Rules that tell what they read."""

    def load(self, text: str) -> Domain:
        """See `DomainRules.load`."""
        read.append(text)
        return super().load(text)


class Keeper(KeptDomains[DomainState]):
    """A driver that keeps domains and can do nothing with them."""

    rules = Rules(types=("test",), arches=("x86_64",))

    def __init__(self, host: DriverHost) -> None:
        super().__init__(host, TYPE, DomainState)
        self.load_definitions()


def plugin(version: str) -> Any:
    @hookimpl
    def virtloom_declare() -> DriverDeclaration:
        kind = DriverKind.HYPERVISOR
        return DriverDeclaration("keeper", version, API_VERSION, kind, schemes=("keeper",), object_types=(TYPE,))

    @hookimpl
    def virtloom_start(host: DriverHost) -> Keeper:
        return Keeper(host)

    return SimpleNamespace(virtloom_declare=virtloom_declare, virtloom_start=virtloom_start)


@contextmanager
def keeper(folder: Path, version: str = "1") -> Iterator[HostedDriver]:
    read.clear()
    with hosted(plugin(version), folder) as started:
        yield started


def file_of(started: HostedDriver) -> Path:
    return started.host.store().path("web")


def only(started: HostedDriver) -> Domain:
    [found] = started.driver.domains
    with found.locked() as state:
        definition: Domain = state.definition
        return definition


@pytest.fixture
def defined(tmp_path: Path) -> Path:
    with keeper(tmp_path) as first:
        first.driver.domain_define_xml_flags(DOCUMENT, 0)
    return tmp_path


def test_what_the_daemon_wrote_is_not_read_again(defined: Path) -> None:
    with keeper(defined) as started:
        assert only(started) == Keeper.rules.parse(DOCUMENT)
        assert read == []


def test_what_somebody_edited_is_read_and_filled_in(defined: Path) -> None:
    with keeper(defined) as started:
        file = file_of(started)
    file.write_text(file.read_text().replace("  <vcpu placement='static'>1</vcpu>\n", "").replace("65536", "131072"))
    with keeper(defined) as started:
        assert len(read) == 1
        assert (only(started).memory, only(started).vcpu) == (131072, Keeper.rules.parse(DOCUMENT).vcpu)


def test_what_another_version_wrote_is_read_and_filled_in(defined: Path) -> None:
    with keeper(defined, version="2") as started:
        assert len(read) == 1
        assert only(started) == Keeper.rules.parse(DOCUMENT)


def test_what_another_version_wrote_is_read_once(defined: Path) -> None:
    with keeper(defined, version="2") as started:
        deadline = time.monotonic() + 20
        while "with keeper 2" not in file_of(started).read_text():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    with keeper(defined, version="2"):
        assert read == []


def test_a_file_without_a_seal_is_read_and_filled_in(tmp_path: Path) -> None:
    with keeper(tmp_path) as started:
        file = file_of(started)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(DOCUMENT)
    with keeper(tmp_path) as started:
        assert only(started) == Keeper.rules.parse(DOCUMENT)
    assert file.read_text() == DOCUMENT


def test_a_damaged_file_is_set_aside_and_hides_no_other(defined: Path) -> None:
    with keeper(defined) as started:
        file = file_of(started)
    file.with_name("bad.xml").write_text(file.read_text().replace("</domain>", ""))
    with keeper(defined) as started:
        assert only(started).name == "web"
        assert file.with_name("bad.xml.damaged").exists()


def test_a_copy_under_another_name_takes_nothing_from_its_original(
    defined: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with keeper(defined) as started:
        original = file_of(started)
    copy = original.with_name("copy.xml")
    copy.write_text(DOCUMENT.replace(">web<", ">thief<"))
    with keeper(defined) as started:
        assert only(started).name == "web"
    assert "the definition copy.xml is ignored: internal error: its domain is named 'thief'" in caplog.text
    assert copy.exists()


def test_who_starts_with_the_daemon_still_does(defined: Path) -> None:
    with keeper(defined) as started:
        [found] = started.driver.domains
        started.driver.domain_set_autostart(found.published.handle, 1)
    with keeper(defined) as started:
        [found] = started.driver.domains
        assert found.published.autostart
