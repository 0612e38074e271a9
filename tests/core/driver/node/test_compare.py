"""Whether a host's processor can do what another is to do, and which model is most like one."""

from __future__ import annotations

import pytest

from virtloom.driver.node.cpus.baseline import hypervisor_baseline, most_like
from virtloom.driver.node.cpus.compare import IDENTICAL, INCOMPATIBLE, SUPERSET, compare
from virtloom.driver.node.cpus.described import parse_cpu
from virtloom.driver.node.cpus.host import host_cpu
from virtloom.driver.node.cpus.models import models
from virtloom.errors import ErrorCode, VirtError

NEHALEM = models()["Nehalem"].features


def guest(model: str, features: str = "", match: str = "exact", vendor: str = "") -> str:
    maker = f"<vendor>{vendor}</vendor>" if vendor else ""
    return f"<cpu mode='custom' match='{match}'><model>{model}</model>{maker}{features}</cpu>"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (guest("Nehalem"), IDENTICAL),
        (guest("Penryn"), SUPERSET),
        (guest("Westmere"), INCOMPATIBLE),
        (guest("Westmere", "<feature name='aes' policy='disable'/>"), IDENTICAL),
        (guest("Westmere", "<feature name='aes' policy='optional'/>"), IDENTICAL),
        (guest("Nehalem", "<feature name='avx' policy='force'/>"), IDENTICAL),
        (guest("Nehalem", "<feature name='sse4.2' policy='forbid'/>"), INCOMPATIBLE),
        (guest("Penryn", match="strict"), INCOMPATIBLE),
        (guest("Nehalem", vendor="AMD"), INCOMPATIBLE),
        (guest("Nehalem", vendor="Intel"), IDENTICAL),
        ("<cpu><arch>ppc64</arch><model>POWER8</model></cpu>", INCOMPATIBLE),
        ("<cpu><arch>x86_64</arch><model>Penryn</model></cpu>", SUPERSET),
    ],
)
def test_processors_are_compared(text: str, result: int) -> None:
    assert compare(NEHALEM, "Intel", parse_cpu(text)) == result


def test_what_is_missing_is_named() -> None:
    with pytest.raises(VirtError, match="Host CPU does not provide required features: aes") as caught:
        compare(NEHALEM, "Intel", parse_cpu(guest("Westmere")), fail=True)
    assert caught.value.code is ErrorCode.CPU_INCOMPATIBLE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (guest("NoSuch"), "Unknown CPU model NoSuch"),
        (guest("Nehalem", "<feature name='nosuch'/>"), "Unknown CPU feature nosuch"),
        ("<cpu match='exact'><arch>x86_64</arch><model>Nehalem</model></cpu>", "cannot be used inside 'cpu' element"),
        ("<cpu mode='odd'/>", "Invalid mode attribute 'odd'"),
        ("<cpu><feature name='aes'/></cpu>", "Non-empty feature list specified without CPU model"),
    ],
)
def test_what_cannot_be_compared_is_refused(text: str, told: str) -> None:
    with pytest.raises(VirtError, match=told):
        compare(NEHALEM, "Intel", parse_cpu(text))


def test_the_most_alike_model_lacks_what_the_hypervisor_cannot_give() -> None:
    node = most_like(NEHALEM, "Intel", {"Nehalem": ("x2apic", "svm"), "Penryn": ()}, None)
    assert node.need("model").text == "Penryn"
    alone = most_like(NEHALEM, "Intel", {"Nehalem": ("svm",)}, None)
    assert [(one.get("name"), one.get("policy")) for one in alone.all("feature")] == [("svm", "disable")]


def test_a_processor_that_says_what_it_is_is_taken_at_its_word() -> None:
    has = models()["SandyBridge"].features
    usable: dict[str, tuple[str, ...]] = dict.fromkeys(("SandyBridge", "Nehalem"), ())
    assert most_like(has, "Intel", usable, None).need("model").text == "SandyBridge"
    assert most_like(has, "Intel", usable, (6, 26, 5)).need("model").text == "Nehalem"


def test_a_hypervisor_gives_no_more_than_it_knows() -> None:
    text = hypervisor_baseline([guest("Westmere")], {"Westmere": ()}, NEHALEM)
    assert "<feature policy='disable' name='aes'/>" in text
    assert "fallback='forbid'" in text
    with pytest.raises(VirtError, match="no CPU model specified at index 1"):
        hypervisor_baseline([guest("Westmere"), "<cpu mode='host-model'/>"], {"Westmere": ()}, None)


def test_the_kernels_names_of_features_are_understood() -> None:
    told = "processor : 0\nvendor_id : AuthenticAMD\nflags : fpu tsc_deadline_timer sse4_1 cr8_legacy ssbd constant_tsc"
    found = host_cpu(told + " nonstop_tsc nosuchthing\n\nprocessor : 1\nflags : aes\n")
    assert found.vendor == "AMD"
    assert found.features == {"fpu", "tsc-deadline", "sse4.1", "cr8legacy", "amd-ssbd", "invtsc"}
