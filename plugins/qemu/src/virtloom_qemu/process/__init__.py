"""The process of a guest: where its files are, how it is started so that it outlives the daemon, how it is ended."""

from virtloom_qemu.process.launch import launch
from virtloom_qemu.process.paths import GuestPaths
from virtloom_qemu.process.process import GuestProcess

__all__ = ["GuestPaths", "GuestProcess", "launch"]
