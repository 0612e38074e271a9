"""A guest's terminals and channels, opened for one client at a time and moved over its stream."""

from virtloom_qemu.console.ends import ChannelEnd, TerminalEnd
from virtloom_qemu.console.sessions import Sessions

__all__ = ["ChannelEnd", "Sessions", "TerminalEnd"]
