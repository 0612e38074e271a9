"""What a guest's machine is, as far as its architecture and its name tell."""

from __future__ import annotations

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.parts import OsType
from virtloom_qemu.capabilities import Emulator

X86 = ("i686", "x86_64")


class Board:
    """A domain's machine.

    :ivar arch: the guest's architecture; :ivar machine_name: its type of machine, "" if none is known.
    """

    def __init__(self, domain: Domain, emulator: Emulator) -> None:
        kind = (domain.os.type if domain.os is not None else None) or OsType()
        self.arch = kind.arch or emulator.arch
        self.machine_name = kind.machine or ""

    @property
    def is_x86(self) -> bool:
        """Whether it is a PC of some kind."""
        return self.arch in X86

    @property
    def is_q35(self) -> bool:
        """Whether its chipset is the one with PCI Express (`qemuDomainIsQ35`)."""
        name = self.machine_name
        return self.is_x86 and (name in ("q35", "pc-q35") or name.startswith("pc-q35-"))

    @property
    def is_i440fx(self) -> bool:
        """Whether its chipset is the older one (`qemuDomainIsI440FX`)."""
        name = self.machine_name
        return self.is_x86 and (name == "pc" or name.startswith(("pc-0", "pc-1", "pc-i440", "rhel")))
