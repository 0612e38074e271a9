"""`virtloom_qemu.capabilities.probe`: what an emulator is asked, and what becomes of what it cannot do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from emulated import PATH, emulator, report

from virtloom.driver.work.process import Finished
from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.capabilities import probe


class Binary:
    """An emulator that answers from a report, and stumbles over the options that a test names.

    :param stumbles: the option that ends it, with its last words.
    """

    def __init__(self, kvm: bool, stumbles: tuple[str, str] = ("", "")) -> None:
        self.report = report(kvm)
        self.stumbles = stumbles
        self.asked: list[list[str]] = []

    def run(self, argv: list[str], *, stdin: bytes, **options: Any) -> Finished:
        self.asked.append(argv)
        option, words = self.stumbles
        if option in argv:
            return Finished(-6, b"", words.encode())
        requests = (json.loads(line) for line in stdin.splitlines())
        answers = [{"id": one["id"], "return": self.report.get(one["id"])} for one in requests if "id" in one]
        return Finished(0, b"".join(json.dumps(one).encode() + b"\n" for one in answers), b"")


def test_a_host_without_kvm_is_not_asked_what_kvm_can_do() -> None:
    binary = Binary(kvm=False)
    assert probe.ask(binary.run, PATH)["kvm-fault"] is None
    assert not [argv for argv in binary.asked if "-cpu" in argv]


def test_kvm_that_gives_the_hosts_own_processor() -> None:
    assert probe.ask(Binary(kvm=True).run, PATH)["kvm-fault"] is None


def test_kvm_that_does_not_is_told_with_qemus_words() -> None:
    found = probe.ask(Binary(True, ("-cpu", "failed to set MSR 0x10a")).run, PATH)
    assert "failed to set MSR 0x10a" in found["kvm-fault"]


@pytest.mark.parametrize(("kind", "mode"), [("qemu", "maximum"), ("kvm", "custom"), ("kvm", None)])
def test_a_guest_that_does_not_need_it_is_started(kind: str, mode: str | None) -> None:
    replace(emulator(kvm=True), kvm_fault="failed").require(kind, mode)


def test_a_guest_that_needs_it_is_refused_with_what_to_do() -> None:
    with pytest.raises(VirtError, match="choose a model, or type 'qemu': failed") as caught:
        replace(emulator(kvm=True), kvm_fault="failed").require("kvm", "host-passthrough")
    assert caught.value.code == ErrorCode.CONFIG_UNSUPPORTED
