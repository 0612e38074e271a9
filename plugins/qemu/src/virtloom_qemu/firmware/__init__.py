"""A guest's firmware: what is installed, which of it a guest gets, and the variables that are the guest's own."""

from virtloom_qemu.firmware.choosing import choose_firmware
from virtloom_qemu.firmware.descriptions import Firmware, firmwares
from virtloom_qemu.firmware.variables import make_variables

__all__ = ["Firmware", "choose_firmware", "firmwares", "make_variables"]
