"""Keyboards: the numbers that keys have in the code sets that clients may use."""

from virtloom_qemu.keys.codes import CODE_SETS, qnum

__all__ = ["CODE_SETS", "qnum"]
