"""A processor that is left to the host is decided when a guest starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from emulated import document, emulator, rules

from virtloom.driver.node.cpus.models import models
from virtloom.errors import VirtError
from virtloom_qemu.command import Context, prepare
from virtloom_qemu.settings import Settings

MOST = {**dict.fromkeys(models()["Nehalem"].features, True), "avx": False, "vendor": "GenuineIntel"}
TCG = replace(
    emulator(), cpu_models={"tcg": {"Nehalem": (), "Penryn": ()}}, cpu_most={"tcg": {**MOST, "model": 26, "family": 6}}
)


def decided(cpu: str, most: bool = True) -> Any:
    """The `<cpu>` of a run."""
    known = TCG if most else replace(TCG, cpu_most={})
    definition = rules().parse(document(more=cpu))
    return prepare(definition, Context(known, Settings(), Path("/state"))).cpu


def test_host_model_is_the_model_that_the_emulator_can_give() -> None:
    cpu = decided("<cpu mode='host-model'><feature name='aes' policy='disable'/></cpu>")
    assert cpu.get("mode") == "custom"
    assert cpu.find("model").text == "Nehalem"
    assert cpu.find("vendor").text == "Intel"
    assert [(one.get("name"), one.get("policy")) for one in cpu.all("feature")] == [("aes", "disable")]


def test_an_optional_feature_is_there_if_the_emulator_has_it() -> None:
    said = "".join(f"<feature name='{name}' policy='optional'/>" for name in ("sse4.2", "avx"))
    cpu = decided(f"<cpu><model>Penryn</model>{said}</cpu>")
    assert [one.get("policy") for one in cpu.all("feature")] == ["require", "disable"]


def test_a_minimum_is_what_the_host_has() -> None:
    cpu = decided("<cpu match='minimum'><model>Penryn</model></cpu>")
    assert (cpu.get("match"), cpu.find("model").text) == ("exact", "Nehalem")


@pytest.mark.parametrize("mode", ["host-model", "host-passthrough"])
def test_what_the_emulator_does_not_tell_or_give_is_refused(mode: str) -> None:
    with pytest.raises(VirtError, match=f"CPU mode '{mode}' for x86_64 qemu domain on x86_64 host is not supported"):
        decided(f"<cpu mode='{mode}'/>", most=False)
