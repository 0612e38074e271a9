"""A guest's terminals and channels, opened on the host and moved over a client's stream; one client each if wanted."""

from virtloom.driver.terminals.ends import ChannelEnd, End, TerminalEnd
from virtloom.driver.terminals.sessions import Sessions

__all__ = ["ChannelEnd", "End", "Sessions", "TerminalEnd"]
