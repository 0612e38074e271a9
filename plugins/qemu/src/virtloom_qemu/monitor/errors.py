"""What a talk with a monitor may end in, in libvirt's words (`qemu_monitor.c`, `qemu_monitor_json.c`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, VirtError


class MonitorClosed(VirtError):
    """The monitor is no more: the guest's process ended, or it spoke nonsense."""

    def __init__(self, reason: str) -> None:
        super().__init__(ErrorCode.INTERNAL_ERROR, reason)


class MonitorTimeout(VirtError):
    """The monitor did not answer within a command's deadline; it may yet, and then nobody listens.

    :param seconds: how long it was given.
    """

    def __init__(self, name: str, command: str, seconds: float) -> None:
        detail = f"the monitor of '{name}' did not answer '{command}' within {seconds:g} s"
        super().__init__(ErrorCode.OPERATION_TIMEOUT, detail)


class CommandFailed(VirtError):
    """QEMU refused a command.

    :ivar command: which; :ivar kind: the error's class, `GenericError` for most (docs/interop/qmp-spec).
    :ivar description: what QEMU says about it.
    """

    def __init__(self, command: str, kind: str, description: str) -> None:
        self.command = command
        self.kind = kind
        self.description = description
        detail = f"unable to execute QEMU command '{command}': {description}"
        super().__init__(ErrorCode.INTERNAL_ERROR, detail)
