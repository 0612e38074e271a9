"""What a running guest is given of the host for a device that comes: descriptors, passed through its monitor."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from virtloom.errors import VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.monitor import Monitor
from virtloom_qemu.runs.given.interfaces import Connection, open_vdpa
from virtloom_qemu.runs.given.resources import Resources, devices_with_files, open_files


class Passed(Resources):
    """What was passed, in sets of the guest's."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__()
        self._monitor = monitor
        self.numbers: list[int] = []

    def pass_set(self, name: str, fd: int, source: str) -> None:
        """See `Resources.pass_set`."""
        told = self._monitor.execute("add-fd", {"opaque": source}, fds=[fd])
        self.numbers.append(told["fdset-id"])
        self.descriptors[name] = (f"/dev/fdset/{told['fdset-id']}",)

    def pass_connection(self, alias: str, connection: Connection) -> None:
        """See `Resources.pass_connection`: here QEMU knows descriptors by names, until one is taken (`getfd`)."""
        for name, opened in ((alias, connection.taps), (f"vhost-{alias}", connection.vhosts)):
            for place, descriptor in enumerate(opened):
                self._monitor.execute("getfd", {"fdname": f"{name}-{place}"}, fds=[descriptor])
                self.descriptors[name] = (*self.descriptors.get(name, ()), f"{name}-{place}")

    def take_back(self) -> None:
        """Have QEMU close what it did not take."""
        for number in self.numbers:
            with suppress(VirtError):
                self._monitor.execute("remove-fd", {"fdset-id": number})
        for name in (name for names in self.descriptors.values() for name in names if "/" not in name):
            with suppress(VirtError):
                self._monitor.execute("closefd", {"fdname": name})


@contextmanager
def passed(
    monitor: Monitor,
    live: Domain,
    wanted: Domain,
    connection: Connection | None = None,
    opened: Mapping[str, int] | None = None,
) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """Pass what the devices need that a guest is to have and does not have yet; taken back if the block fails.

    :param connection: of an interface that comes; :param opened: descriptors for other devices, by their aliases.
    :return: how the command line names each (`Context.descriptors`).
    :raises VirtError: SYSTEM_ERROR for what cannot be opened.
    """
    made, known = Passed(monitor), list(devices_with_files(live))
    with ExitStack() as stack:
        try:
            for device in devices_with_files(wanted):
                if device not in known:
                    open_files(device, made, stack)
            for one in wanted.parts.interfaces:
                if one.type == "vdpa" and one not in live.parts.interfaces:
                    descriptor = open_vdpa(one)
                    stack.callback(os.close, descriptor)
                    name = (one.alias.get("name") if one.alias is not None else None) or ""
                    made.pass_set(name, descriptor, f"{name}-vdpa")
                if connection is not None and one not in live.parts.interfaces:
                    made.pass_connection((one.alias.get("name") if one.alias is not None else None) or "", connection)
            for name, descriptor in (opened or {}).items():
                monitor.execute("getfd", {"fdname": name}, fds=[descriptor])
                made.descriptors[name] = (name,)
            yield made.descriptors
        except BaseException:
            made.take_back()
            raise


def take_back(monitor: Monitor, alias: str) -> None:
    """Take back what a device that went was passed."""
    with suppress(VirtError):
        for one in monitor.execute("query-fdsets"):
            if any(fd.get("opaque", "").startswith(f"{alias}-") for fd in one["fds"]):
                monitor.execute("remove-fd", {"fdset-id": one["fdset-id"]})
