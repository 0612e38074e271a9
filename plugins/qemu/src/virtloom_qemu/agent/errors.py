"""What a conversation with an agent may end in, in libvirt's words (`qemu_agent.c`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from virtloom.errors import ErrorCode, VirtError

CLASSES = {
    "BufferOverrun": "Buffer overrun",
    "CommandDisabled": "The command has been disabled for this instance",
    "CommandNotFound": "The command has not been found",
    "FdNotFound": "File descriptor not found",
    "InvalidParameter": "Invalid parameter",
    "InvalidParameterType": "Invalid parameter type",
    "InvalidParameterValue": "Invalid parameter value",
    "OpenFileFailed": "Cannot open file",
    "QgaCommandFailed": "Guest agent command failed",
    "Unsupported": "this feature or command is not currently supported",
}
GONE = "Guest agent disappeared while executing command"
UNKNOWN = ("CommandNotFound", "CommandDisabled")


class Unresponsive(VirtError):
    """The agent does not answer, or is no more."""

    def __init__(self, reason: str) -> None:
        super().__init__(ErrorCode.AGENT_UNRESPONSIVE, reason)


class AgentRefused(VirtError):
    """The agent answered with an error.

    :ivar unknown: whether it does not know the command, or may not run it.
    """

    def __init__(self, command: str, error: Mapping[str, Any]) -> None:
        kind = str(error.get("class") or "unknown QEMU command error")
        self.unknown = kind in UNKNOWN
        what = error.get("desc") or CLASSES.get(kind, kind)
        super().__init__(ErrorCode.INTERNAL_ERROR, f"unable to execute QEMU agent command '{command}': {what}")


def nonsense(what: str) -> VirtError:
    """The error for an answer that cannot be."""
    return VirtError(ErrorCode.INTERNAL_ERROR, what)
