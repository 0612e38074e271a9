"""Which firmware a guest gets that names a kind of firmware and no file (`qemuFirmwareFillDomain`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.firmware.descriptions import Firmware, firmwares

LOADERS = {"rom": "bios", "pflash": "efi"}


def choose_firmware(guest: Guest, folders: Sequence[str], state: Path, *, boots: bool, reset: bool = False) -> None:
    """Write into a guest's definition which files its firmware is in.

    :param folders: where the installed firmware is described.
    :param state: the driver's folder, below which the guests' variables are kept.
    :param boots: whether the guest begins anew; one that goes on has the firmware that it has.
    :param reset: whether its variables are to begin anew as well.
    :raises VirtError: OPERATION_FAILED if nothing that is installed will do; OPERATION_INVALID and
        OPERATION_UNSUPPORTED if the guest's other settings rule out what would.
    """
    kind = guest.root.value("os", "firmware")
    if not (_wants_template(guest, reset=reset) if kind is None else boots):
        return
    found = next((one for one in firmwares(guest.arch, guest.machine_name, folders) if _serves(one, guest, kind)), None)
    if found is not None:
        _give(found, guest, state)
    elif kind is not None:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"Unable to find any firmware to satisfy '{kind}'")


def _wants_template(guest: Guest, *, reset: bool) -> bool:
    """Whether a guest that names the file of its UEFI lacks variables, and does not say what they begin as."""
    loader, nvram = guest.root.find("os/loader"), guest.root.find("os/nvram")
    if loader is None or loader.get("type") != "pflash" or loader.get("readonly") != "yes":
        return False
    if nvram is None:
        return True
    if nvram.get("template") is not None:
        return False
    if nvram.get("type") not in (None, "file"):
        if reset:
            detail = "resetting of nvram is not supported with network backed nvram"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
        return False
    return reset or not Path(variables_file(nvram)).exists()


def variables_file(nvram: Node) -> str:
    """The file that an `<nvram>` names."""
    source = nvram.find("source")
    return nvram.text.strip() if source is None else source.get("file") or ""


def _serves(one: Firmware, guest: Guest, kind: str | None) -> bool:
    """Whether a firmware is what a guest asks for (`qemuFirmwareMatchDomain`)."""
    loader = guest.root.find("os/loader")
    if kind is None and loader is not None:
        if one.device != "flash" or one.executable != loader.text.strip():
            return False
        kind = LOADERS[loader.get("type") or "rom"]
    secure, stateless = (loader is not None and loader.get(name) == "yes" for name in ("secure", "stateless"))
    return (
        kind in one.kinds
        and all(_agrees(guest, name, name in one.features) for name in ("secure-boot", "enrolled-keys"))
        and not any(_sleeps(guest, state) and f"acpi-s{state}" not in one.features for state in (3, 4))
        and not (secure and "requires-smm" not in one.features)
        and (one.device != "flash" or one.stateless == stateless)
    )


def _agrees(guest: Guest, name: str, has: bool) -> bool:
    """Whether a feature that a guest asks for or refuses is there or not."""
    asked = guest.root.find("os/firmware")
    features = () if asked is None else asked.all("feature")
    wanted = next((one.get("enabled") for one in features if one.get("name") == name), None)
    return wanted is None or (wanted == "yes") == has


def _sleeps(guest: Guest, state: int) -> bool:
    word = {3: "mem", 4: "disk"}[state]
    return guest.root.value(f"pm/suspend-to-{word}", "enabled") == "yes"


def _give(one: Firmware, guest: Guest, state: Path) -> None:
    """Name a firmware's files in a guest's definition (`qemuFirmwareEnableFeatures`)."""
    system = guest.root.need("os")
    system.attrs.pop("firmware", None)
    loader = system.find("loader")
    if loader is None:
        loader = Node("loader")
        system.children.insert(1, loader)
    loader.text = one.executable
    if one.device == "flash":
        _raw(one.format, "flash")
        loader.attrs |= {"readonly": "yes", "type": "pflash"}
        if one.template is not None:
            _raw(one.template_format, "nvram template")
            _give_variables(guest, loader, state).attrs["template"] = one.template
    else:
        loader.attrs["type"] = "rom"
    if "requires-smm" in one.features:
        _enable_smm(guest)
        loader.attrs["secure"] = "yes"


def _raw(format: str, what: str) -> None:
    if format != "raw":
        raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, f"unsupported {what} format '{format}'")


def _give_variables(guest: Guest, loader: Node, state: Path) -> Node:
    system = guest.root.need("os")
    nvram = system.find("nvram")
    if nvram is None:
        nvram = Node("nvram")
        system.children.insert(system.children.index(loader) + 1, nvram)
    if not variables_file(nvram) and nvram.find("source") is None:
        name = guest.root.find("name")
        assert name is not None
        nvram.text = str(state / "nvram" / f"{name.text}_VARS.fd")
    return nvram


def _enable_smm(guest: Guest) -> None:
    smm = guest.feature("smm")
    if smm is None:
        guest.root.need("features").add("smm", {"state": "on"})
    elif smm.get("state") == "off":
        detail = "domain has SMM turned off but chosen firmware requires it"
        raise VirtError(ErrorCode.OPERATION_INVALID, detail)
