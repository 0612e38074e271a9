"""What a guest's processor was really given, asked of its monitor (`qemuProcessUpdateAndVerifyCPU`)."""

from __future__ import annotations

from typing import Any

from virtloom.driver.node.cpus.features import Register, features, present
from virtloom.driver.node.cpus.live import updated
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command.guest.processor import FEATURE_NAMES
from virtloom_qemu.runs.talk import Talk

ARCHES = ("x86_64", "i686")
GATES = {"arch-capabilities", "core-capability"}  # without these there are no registers with features


def with_processor(live: Domain, talk: Talk) -> Domain:
    """A definition whose processor has the features that the guest sees.

    :raises VirtError: OPERATION_FAILED if it was to be checked wholly and is not what it should be.
    """
    cpu, arch = live.cpu, live.os.type.arch if live.os is not None and live.os.type is not None else None
    if cpu is None or arch not in ARCHES or (cpu.get("mode") in (None, "custom") and cpu.find("model") is None):
        return live
    path = talk.ask("query-cpus-fast")[0]["qom-path"]
    enabled = present(_registers(talk, path, "feature-words"))
    if enabled & GATES:
        enabled |= _of_registers(talk, path)
    disabled = present(_registers(talk, path, "filtered-features"))
    return live.replace(cpu=updated(cpu, enabled, disabled))


def _registers(talk: Talk, path: str, name: str) -> dict[Register, int]:
    words: list[dict[str, Any]] = talk.ask("qom-get", path=path, property=name)
    return {
        Register(one["cpuid-register"].lower(), one["cpuid-input-eax"], one.get("cpuid-input-ecx", 0)): one["features"]
        for one in words
    }


def _of_registers(talk: Talk, path: str) -> set[str]:
    """The features of model-specific registers, which QEMU tells one by one."""
    has = set()
    for one in features().values():
        if one.register.is_msr and talk.tries("qom-get", path=path, property=FEATURE_NAMES.get(one.name, one.name)):
            has.add(one.name)
    return has
