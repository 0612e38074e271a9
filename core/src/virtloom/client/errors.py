"""What ends a wait for the daemon other than its answer; an error that it answers with is a `VirtError`."""


class ConnectionLost(Exception):
    """The daemon is not there, closed the connection, or broke the protocol."""


class DeadlineMissed(Exception):
    """Nothing came in time. A call that was sent may still have its effect."""
