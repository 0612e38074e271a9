"""What a running guest is given of the host for a device that comes: files, passed through its monitor (`add-fd`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from virtloom.errors import VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.monitor import Monitor
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


@contextmanager
def passed(monitor: Monitor, live: Domain, wanted: Domain) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """Pass what the devices need that a guest is to have and does not have yet; taken back if the block fails.

    :return: how the command line names each (`Context.descriptors`).
    :raises VirtError: SYSTEM_ERROR for what cannot be opened.
    """
    made, known = Passed(monitor), list(devices_with_files(live))
    with ExitStack() as stack:
        try:
            for device in devices_with_files(wanted):
                if device not in known:
                    open_files(device, made, stack)
            yield made.descriptors
        except BaseException:
            for number in made.numbers:
                with suppress(VirtError):
                    monitor.execute("remove-fd", {"fdset-id": number})
            raise


def take_back(monitor: Monitor, alias: str) -> None:
    """Take back what a device that went was passed."""
    with suppress(VirtError):
        for one in monitor.execute("query-fdsets"):
            if any(fd.get("opaque", "").startswith(f"{alias}-") for fd in one["fds"]):
                monitor.execute("remove-fd", {"fdset-id": one["fdset-id"]})
