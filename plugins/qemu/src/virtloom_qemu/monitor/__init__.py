"""Talking to a running QEMU: a blocking client of its machine protocol (QMP), made for threads.

`decoder` cuts bytes into JSON objects and does no I/O; `channel` is a socket with a thread that reads it; `client`
speaks QMP over it; `worker` hands a guest's events, one after the other, to whoever deals with them.
"""

from virtloom_qemu.monitor.client import Monitor, MonitorEvent
from virtloom_qemu.monitor.errors import CommandFailed, MonitorClosed, MonitorTimeout
from virtloom_qemu.monitor.worker import EventWorker

__all__ = ["CommandFailed", "EventWorker", "Monitor", "MonitorClosed", "MonitorEvent", "MonitorTimeout"]
