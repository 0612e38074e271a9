"""What several processors have in common, as libvirt 9.0 answers it."""

from __future__ import annotations

import pytest

from virtloom.driver.node.cpus.baseline import baseline
from virtloom.driver.node.cpus.models import models
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import document


def cpu(model: str, vendor: str | None = "Intel", *features: str, arch: str = "x86_64") -> str:
    maker = f"<vendor>{vendor}</vendor>" if vendor else ""
    extra = "".join(f"<feature name='{name}'/>" for name in features)
    return f"<cpu><arch>{arch}</arch><model>{model}</model>{maker}{extra}</cpu>"


def common(*texts: str, expand: bool = False) -> tuple[str, str, str | None, dict[str, str]]:
    """The model, what may take its place, the vendor, and the features with their policies."""
    root = document.parse(baseline(texts, expand=expand))
    model, vendor = root.find("model"), root.find("vendor")
    assert model is not None
    features = {str(one.get("name")): str(one.get("policy")) for one in root.all("feature")}
    return model.text, str(model.get("fallback")), vendor.text if vendor is not None else None, features


@pytest.mark.parametrize(
    ("hosts", "found"),
    [
        ([cpu("Haswell"), cpu("Haswell", "Intel", "vmx")], ("Haswell", "forbid", "Intel", {})),
        ([cpu("Nehalem", "Intel", "vmx"), cpu("Westmere")], ("Nehalem", "allow", "Intel", {})),
        (
            [cpu("Icelake-Server", "Intel", "vmx", "ss"), cpu("Cascadelake-Server"), cpu("Broadwell", "Intel", "f16c")],
            ("Broadwell", "allow", "Intel", {"f16c": "require"}),
        ),
        (
            [cpu("EPYC", "AMD"), cpu("Opteron_G5", "AMD")],
            ("Opteron_G4", "allow", "AMD", {"fma": "require", "f16c": "require", "xop": "disable", "fma4": "disable"}),
        ),
        ([cpu("Penryn", None), cpu("core2duo")], ("Conroe", "allow", None, {"lahf_lm": "disable"})),
        ([cpu("Dhyana", "Hygon")], ("Dhyana", "forbid", "Hygon", {"monitor": "disable"})),
        ([cpu("kvm64", None), cpu("qemu64", None)], ("kvm64", "allow", None, {})),
        ([cpu("phenom", "AMD"), cpu("athlon", "AMD")], ("athlon", "allow", "AMD", {"vme": "disable"})),
        ([cpu("POWER8", "IBM", arch="ppc64le")], ("POWER8", "forbid", None, {})),
        ([cpu("cortex-a57", "ARM", arch="aarch64")], ("cortex-a57", "allow", None, {})),
    ],
)
def test_the_closest_model_is_found(hosts: list[str], found: tuple[str, str, str | None, dict[str, str]]) -> None:
    assert common(*hosts) == found


def test_the_features_of_the_model_are_listed_when_asked_for() -> None:
    model, _, _, features = common(cpu("Nehalem"), cpu("Westmere"), expand=True)
    assert set(features) == models()[model].features
    assert list(features) == sorted(features)


@pytest.mark.parametrize(
    ("hosts", "code", "said"),
    [
        ([], ErrorCode.INVALID_ARG, "no CPUs given"),
        ([cpu("Westmere"), cpu("Opteron_G3", "AMD")], ErrorCode.OPERATION_FAILED, "CPU vendors do not match"),
        (
            [cpu("Westmere"), cpu("Opteron_G3", "Intel")],
            ErrorCode.OPERATION_FAILED,
            "CPU vendor AMD of model Opteron_G3 differs from vendor Intel",
        ),
        ([cpu("Westmere", "Foo")], ErrorCode.OPERATION_FAILED, "Unknown CPU vendor Foo"),
        ([cpu("Nopehalem")], ErrorCode.INTERNAL_ERROR, "Unknown CPU model Nopehalem"),
        ([cpu("qemu64", None, "nosuch")], ErrorCode.INTERNAL_ERROR, "Unknown CPU feature nosuch"),
        ([cpu("POWER8", "IBM", arch="ppc64"), cpu("POWER9", "IBM", arch="ppc64")], ErrorCode.OPERATION_FAILED,
         "CPUs are incompatible"),
        ([cpu("z13", None, arch="s390x")], ErrorCode.NO_SUPPORT, "cannot compute baseline CPU of s390x architecture"),
        ([cpu("x", None, arch="alpha")], ErrorCode.NO_SUPPORT, "'alpha' architecture is not supported by CPU driver"),
        ([cpu("x", None, arch="nope")], ErrorCode.CONFIG_UNSUPPORTED, "Unknown architecture nope"),
        (["<cpu><model>Nehalem</model></cpu>"], ErrorCode.XML_ERROR, "Missing CPU architecture"),
        (["<cpu><arch>x86_64</arch></cpu>"], ErrorCode.XML_ERROR, "Missing CPU model name"),
        (["<cpu mode='custom'/>"], ErrorCode.CONFIG_UNSUPPORTED, "Attribute mode is only allowed for guest CPU"),
        (["<pc/>"], ErrorCode.XML_ERROR, "XML does not contain expected 'cpu' element"),
        ([cpu("qemu64", None, "vmx", "vmx")], ErrorCode.XML_ERROR, "CPU feature 'vmx' specified more than once"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(hosts: list[str], code: ErrorCode, said: str) -> None:
    with pytest.raises(VirtError) as caught:
        baseline(hosts)
    assert caught.value.code is code
    assert said in str(caught.value)
