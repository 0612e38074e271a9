"""What the emulators on this host can do: probed over QMP once for each binary, and shown as libvirt shows it."""

from virtloom_qemu.capabilities.cache import EmulatorCache
from virtloom_qemu.capabilities.emulator import Emulator, Machine

__all__ = ["Emulator", "EmulatorCache", "Machine"]
