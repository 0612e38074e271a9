"""What an emulator can give a guest for a processor, in libvirt's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from virtloom.driver.node.cpu_models import model_names
from virtloom.driver.node.cpus.baseline import Signature, most_like
from virtloom.driver.node.cpus.features import named
from virtloom.driver.node.cpus.host import VENDORS
from virtloom.xmldef.document import Node
from virtloom_qemu.capabilities.emulator import Emulator

X86 = ("i686", "x86_64")


def features_on(properties: Mapping[str, Any]) -> set[str]:
    """The features that are on among the properties of a processor, by libvirt's names."""
    return {feature.name for name, on in properties.items() if on is True and (feature := named(name)) is not None}


def usable_models(emulator: Emulator, arch: str, domain_type: str) -> dict[str, tuple[str, ...]]:
    """The models that both libvirt and an emulator know, with the features that each lacks here."""
    known = set(model_names(arch))
    return {name: lacks for name, lacks in emulator.models(domain_type).items() if name in known}


def host_model(emulator: Emulator, arch: str, domain_type: str, *, migratable: bool = False) -> Node | None:
    """The `<cpu>` that `host-model` stands for (`virQEMUCapsGetHostModel`); None if the emulator does not tell.

    :param migratable: whether features that keep a guest where it is are left out.
    """
    most = emulator.most(domain_type)
    if not most or arch not in X86:
        return None
    vendor, usable = VENDORS.get(str(most.get("vendor", ""))), usable_models(emulator, arch, domain_type)
    return most_like(features_on(most), vendor, usable, _signature(most), migratable=migratable)


def _signature(properties: Mapping[str, Any]) -> Signature | None:
    family, model, stepping = (properties.get(name) for name in ("family", "model", "stepping"))
    if not isinstance(family, int) or not isinstance(model, int) or not isinstance(stepping, int):
        return None
    return family, model, stepping
