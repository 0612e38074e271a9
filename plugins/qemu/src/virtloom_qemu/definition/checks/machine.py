"""The emulator, the machine, its features, its firmware and its timers."""

from __future__ import annotations

from virtloom_qemu.definition.checks.refusal import malformed, unsupported
from virtloom_qemu.definition.guest import Guest

PSERIES = ("hpt", "htm", "nested-hv", "ccf-assist", "cfpc", "sbbc", "ibs", "gic")
RTC_TRACKS = ("guest", "wall", "realtime")
START_MAX = 253402300799  # the last second that four digits of a year can say


def emulator(guest: Guest) -> None:
    """The emulator runs such guests at all."""
    path, kind = guest.emulator.path, guest.root.find("os/type")
    name = kind.text if kind is not None else ""
    if name != "hvm":
        raise unsupported(f"Emulator '{path}' does not support os type '{name}'")
    if guest.arch not in guest.emulator.arches:
        raise unsupported(f"Emulator '{path}' does not support arch '{guest.arch}'")
    if guest.type != "qemu" and not (guest.type == "kvm" and guest.emulator.kvm):
        raise unsupported(f"Emulator '{path}' does not support virt type '{guest.type}'")
    if guest.machine is None:
        raise unsupported(f"Emulator '{path}' does not support machine type '{guest.machine_name}'")
    if guest.root.find("memtune/min_guarantee") is not None:
        raise unsupported("Parameter 'min_guarantee' not supported by QEMU.")


def firmware(guest: Guest) -> None:
    """UEFI needs ACPI, and secure boot the mode that keeps its variables from the guest."""
    loader = guest.root.find("os/loader")
    flash = loader is not None and loader.get("type") == "pflash"
    efi = guest.root.value("os", "firmware") == "efi"
    if (efi or flash) and guest.is_x86 and guest.feature("acpi") is None:
        raise unsupported("UEFI requires ACPI on this architecture")
    if guest.root.value("os/bios", "useserial") == "yes" and not guest.all("serial"):
        raise malformed("need at least one serial port to use BIOS serial output")
    if loader is None or loader.get("secure") != "yes":
        return
    if not guest.is_q35:
        raise unsupported("Secure boot is supported with q35 machine types only")
    if guest.arch != "x86_64":
        raise unsupported("Secure boot is supported for x86_64 architecture only")
    smm = guest.feature("smm")
    if not efi and (smm is None or smm.get("state") != "on"):
        raise unsupported("Secure boot requires SMM feature enabled")


def lifecycle(guest: Guest) -> None:
    """What happens at the guest's end is something that QEMU can do."""
    refuse_actions(*(_action(guest, name) for name in ("on_poweroff", "on_reboot", "on_crash")))


def refuse_actions(off: str, reboot: str, crash: str) -> None:
    """Refuse what QEMU cannot do at a guest's end (`qemuValidateLifecycleAction`).

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    prefix = "qemu driver doesn't support "
    if "rename-restart" in (off, reboot, crash):
        raise unsupported(f"{prefix}the 'rename-restart' action for 'on_reboot'/'on_poweroff'/'on_crash'")
    if "preserve" in (off, reboot):
        raise unsupported(f"{prefix}the 'preserve' action for 'on_reboot'/'on_poweroff'")
    if (off, reboot) == ("restart", "destroy"):
        raise unsupported(f"{prefix}'onReboot' set to 'destroy and 'onPoweroff' set to 'reboot'")


def _action(guest: Guest, name: str) -> str:
    node = guest.root.find(name)
    return node.text if node is not None else ""


def timers(guest: Guest) -> None:
    """Timers that a PC has, and what can be said of them."""
    clock = guest.root.find("clock")
    for timer in clock.all("timer") if clock is not None else ():
        name, policy = timer.get("name"), timer.get("tickpolicy")
        if name == "platform":
            raise unsupported(f"unsupported timer type (name) '{name}'")
        if name == "rtc" and timer.get("track") not in (None, *RTC_TRACKS):
            raise unsupported(f"unsupported rtc timer track '{timer.get('track')}'")
        if name == "rtc" and policy in ("merge", "discard"):
            raise unsupported(f"unsupported rtc timer tickpolicy '{policy}'")
        if name == "pit" and policy in ("merge", "catchup"):
            raise unsupported(f"unsupported pit tickpolicy '{policy}'")
        if name == "armvtimer":
            where = f"virtType={guest.type} arch={guest.arch} machine={guest.machine_name}"
            raise unsupported(f"Configuring the '{name}' timer is not supported for {where} guests")
    if clock is not None and clock.get("offset") == "absolute" and int(clock.get("start") or 0) > START_MAX:
        raise unsupported(f"The maximum 'start' value for <clock offset='absolute'> is {START_MAX}")


def cache_shares(guest: Guest) -> None:
    """Shares of the host's caches are given to processors that the host's kernel runs."""
    tune = guest.root.find("cputune")
    shared = tune is not None and (tune.find("cachetune") is not None or tune.find("memorytune") is not None)
    if shared and guest.type != "kvm":
        raise unsupported("cachetune is only supported for KVM domains")


def features(guest: Guest) -> None:
    """Features that a PC has."""
    where = f"architecture '{guest.arch}' or machine type '{guest.machine_name}'"
    for name in PSERIES:
        if guest.feature(name) is not None:
            raise unsupported(f"The '{name}' feature is not supported for {where}")
    tcg = guest.feature("tcg")
    if tcg is not None and guest.type != "qemu":
        raise unsupported(f"TCG features are incompatible with domain type '{guest.type}'")
    cache = guest.root.find("features/tcg/tb-cache")
    if cache is not None and cache.text.isdigit() and int(cache.text) % 1024:
        raise unsupported("tb-cache size must be an integer multiple of MiB")
    if guest.root.find("features/smm/tseg") is not None and not guest.is_q35:
        raise unsupported("SMM TSEG is only supported with q35 machine type")


def system_tables(guest: Guest) -> None:
    """Names of files that firmware can read are the guest's own."""
    for info in guest.root.all("sysinfo"):
        for entry in info.all("entry") if info.get("type") == "fwcfg" else ():
            name = entry.get("name") or ""
            if not name.startswith("opt/"):
                raise unsupported("Invalid firmware name")
            if name.startswith(("opt/ovmf/", "opt/org.qemu/")):
                raise unsupported("That firmware name is reserved")


def launch_security(guest: Guest) -> None:
    """Memory that the host cannot read needs a processor that can keep it from it."""
    node = guest.root.find("launchSecurity")
    if node is None:
        return
    if node.get("type") == "sev" and not guest.emulator.sev:
        raise unsupported("SEV launch security is not supported with this QEMU binary")
    if node.get("type") == "s390-pv":
        raise unsupported("S390 PV launch security is not supported with this QEMU binary")
