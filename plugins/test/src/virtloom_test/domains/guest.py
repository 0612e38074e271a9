"""What is asked of the guest: its file systems, its clock, its keys, its addresses. All made up, as libvirt's are."""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver import BytesSource, Stream
from virtloom.driver.constants.domain import DomainInterfaceAddressesSource, DomainMemoryFlags
from virtloom.driver.constants.domain_state import DomainControlState, DomainState
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import TypedParam, string
from virtloom.errors import ErrorCode, VirtError
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.state import TestDomain
from virtloom_test.domains.tuning import find_disk

SIGNALS = 65  # VIR_DOMAIN_PROCESS_SIGNAL_LAST
CPU_TIME, USER_TIME, SYSTEM_TIME = 48772617035, 5540000000, 6460000000  # ns
VCPU_LESS = 1234567890  # ns by which a processor's time in the guest is less than its time altogether
LAST_UPDATE = 627319920  # seconds since 1970
STATS_FLAGS = 0xFFF | 0x80000000 | 0x40000000 | 0x20000000


class Guest(DomainsBase):
    """The calls that need a guest that runs."""

    # File systems.

    def domain_get_fsinfo(self, dom: DomainHandle, flags: int) -> list[tuple[str, str, str, list[str]]]:
        """`virDomainGetFSInfo`"""
        check_flags(flags, 0, "testDomainGetFSInfo")
        with self._reading(dom) as state:
            state.require_active()
            disks = [disk.name for disk in state.definition.parts.disks if disk.device == "disk"]
        if not disks:
            return []
        return [(path, f"{disks[0]}{number}", "ext4", [disks[0]]) for number, path in ((1, "/"), (2, "/boot"))]

    def domain_fsfreeze(self, dom: DomainHandle, mountpoints: Sequence[str], flags: int) -> int:
        """`virDomainFSFreeze`: how many were frozen."""
        check_flags(flags, 0, "testDomainFSFreeze")
        return self._set_frozen(dom, mountpoints, True)

    def domain_fsthaw(self, dom: DomainHandle, mountpoints: Sequence[str], flags: int) -> int:
        """`virDomainFSThaw`: how many were thawed."""
        check_flags(flags, 0, "testDomainFSThaw")
        return self._set_frozen(dom, mountpoints, False)

    def _set_frozen(self, dom: DomainHandle, mountpoints: Sequence[str], frozen: bool) -> int:
        with self._changing(dom) as state:
            state.require_active()
            for path in mountpoints:
                _require_mount_point(state, path)
            changed = {path for path in mountpoints or state.frozen if state.frozen[path] is not frozen}
            state.frozen = state.frozen | dict.fromkeys(changed, frozen)
            return len(changed)

    def domain_fstrim(self, dom: DomainHandle, mountPoint: str | None, minimum: int, flags: int) -> None:
        """`virDomainFSTrim`"""
        check_flags(flags, 0, "testDomainFSTrim")
        with self._reading(dom) as state:
            state.require_active()
            if mountPoint is not None:
                _require_mount_point(state, mountPoint)

    # Time, keys, signals.

    def domain_get_time(self, dom: DomainHandle, flags: int) -> tuple[int, int]:
        """`virDomainGetTime`: seconds and nanoseconds."""
        check_flags(flags, 0, "testDomainGetTime")
        with self._reading(dom) as state:
            if state.state != DomainState.RUNNING:
                raise VirtError(ErrorCode.OPERATION_INVALID, "domain is not running")
            return state.clock

    def domain_set_time(self, dom: DomainHandle, seconds: int, nseconds: int, flags: int) -> None:
        """`virDomainSetTime`"""
        check_flags(flags, 1, "testDomainSetTime")
        with self._changing(dom) as state:
            state.require_active()
            state.clock = (seconds, nseconds)

    def domain_get_control_info(self, dom: DomainHandle, flags: int) -> tuple[int, int, int]:
        """`virDomainGetControlInfo`: what it says follows the guest's clock, so that tests can choose it."""
        check_flags(flags, 0, "testDomainGetControlInfo")
        with self._reading(dom) as state:
            state.require_active()
            seconds = state.clock[0]
        if 0 < seconds < 10000:
            return DomainControlState.JOB, 0, seconds
        if 10000 <= seconds < 30000:
            return DomainControlState.OCCUPIED, 0, seconds - 10000
        if 30000 <= seconds < 60000:
            return DomainControlState.ERROR, seconds % 4, seconds - 30000
        return DomainControlState.OK, 0, 0

    def domain_send_key(
        self, dom: DomainHandle, codeset: int, holdtime: int, keycodes: Sequence[int], flags: int
    ) -> None:
        """`virDomainSendKey`"""
        check_flags(flags, 0, "testDomainSendKey")
        with self._reading(dom) as state:
            state.require_active()
        for code in keycodes:
            if not 0 <= code < 0x400:
                sets = ("linux", "xt", "atset1", "atset2", "atset3", "os_x", "xt_kbd", "usb", "win32", "qnum")
                name = sets[codeset] if codeset < len(sets) else "unknown"
                raise VirtError(ErrorCode.INTERNAL_ERROR, f"invalid keycode {code} of {name} codeset")

    def domain_inject_nmi(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainInjectNMI`"""
        check_flags(flags, 0, "testDomainInjectNMI")
        with self._reading(dom) as state:
            state.require_active()

    def domain_send_process_signal(self, dom: DomainHandle, pid_value: int, signum: int, flags: int) -> None:
        """`virDomainSendProcessSignal`"""
        check_flags(flags, 0, "testDomainSendProcessSignal")
        if pid_value != 1:
            raise VirtError(ErrorCode.INVALID_ARG, "only sending a signal to pid 1 is supported")
        if signum >= SIGNALS:
            raise VirtError(ErrorCode.INVALID_ARG, f"signum value {signum} is out of range")
        self._find(dom)

    def domain_set_user_password(self, dom: DomainHandle, user: str | None, password: str | None, flags: int) -> None:
        """`virDomainSetUserPassword`"""
        check_flags(flags, 1, "testDomainSetUserPassword")
        with self._reading(dom) as state:
            state.require_active()

    def domain_screenshot(self, dom: DomainHandle, screen: int, flags: int, stream: Stream) -> str:
        """`virDomainScreenshot`"""
        check_flags(flags, 0, "testDomainScreenshot")
        self._find(dom)
        from importlib.resources import files  # for pictures alone

        picture = files("virtloom_test").joinpath("data/screenshot.png").read_bytes()
        stream.send_from(BytesSource(picture))
        return "image/png"

    def domain_memory_peek(self, dom: DomainHandle, offset: int, size: int, flags: int) -> bytes:
        """`virDomainMemoryPeek`"""
        both = DomainMemoryFlags.VIRTUAL | DomainMemoryFlags.PHYSICAL
        check_flags(flags, both, "testDomainMemoryPeek")
        if flags not in (DomainMemoryFlags.VIRTUAL, DomainMemoryFlags.PHYSICAL):
            detail = "flags parameter must be VIR_MEMORY_VIRTUAL or VIR_MEMORY_PHYSICAL"
            raise VirtError(ErrorCode.INVALID_ARG, detail)
        with self._reading(dom) as state:
            state.require_active()
        return bytes((offset + number) & 0xFF for number in range(size))

    def domain_get_messages(self, dom: DomainHandle, flags: int) -> list[str]:
        """`virDomainGetMessages`: a test domain has nothing to complain of."""
        check_flags(flags, 3, "virDomainObjGetMessages")
        self._find(dom)
        return []

    def domain_get_security_label(self, dom: DomainHandle) -> tuple[list[int], int]:
        """`virDomainGetSecurityLabel`"""
        active = self._view(dom).active
        return (list(b"libvirt-test\0") if active else [0]), int(active)

    def domain_get_launch_security_info(self, dom: DomainHandle, flags: int) -> list[TypedParam]:
        """`virDomainGetLaunchSecurityInfo`: the test driver knows of none."""
        check_flags(flags, 0, "testDomainGetLaunchSecurityInfo")
        with self._reading(dom) as state:
            security = state.definition.launch_security
        if security is None or security.get("type") != "sev":
            return []
        return [string("sev-measurement", "sev-measurement")]

    def domain_get_block_info(self, dom: DomainHandle, path: str, flags: int) -> tuple[int, int, int]:
        """`virDomainGetBlockInfo`: allocation, capacity and physical size in bytes."""
        check_flags(flags, 0, "testDomainGetBlockInfo")
        with self._reading(dom) as state:
            disk = find_disk(state.definition, path)
        if disk is None:
            raise VirtError(ErrorCode.INVALID_ARG, f"invalid path {path} not assigned to domain")
        if disk.source is None:
            raise VirtError(ErrorCode.INVALID_ARG, f"disk '{path}' does not currently have a source assigned")
        return 1099511627776, 1099506450432, 1099511627776

    def domain_get_disk_errors(self, dom: DomainHandle, flags: int) -> list[tuple[str, int]]:
        """`virDomainGetDiskErrors`: each disk has another one."""
        check_flags(flags, 0, "testDomainGetDiskErrors")
        with self._reading(dom) as state:
            state.require_active()
            return [(disk.name, number % 2 + 1) for number, disk in enumerate(state.definition.parts.disks)]

    def domain_interface_addresses(
        self, dom: DomainHandle, source: int, flags: int
    ) -> list[tuple[str, str | None, list[tuple[int, str, int]]]]:
        """`virDomainInterfaceAddresses`: each interface has an address that follows from its place."""
        check_flags(flags, 0, "testDomainInterfaceAddresses")
        if source > DomainInterfaceAddressesSource.ARP:
            raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, f"Unknown IP address data source {source}")
        with self._reading(dom) as state:
            state.require_active()
            interfaces, number = state.definition.parts.interfaces, state.id
        found = []
        for place, one in enumerate(interfaces):
            network = one.source.get("network") if one.source is not None else None
            base = f"192.168.122.{2 + 20 * (number - 1) + place + 1}" if network else f"192.168.0.{place + 1}"
            found.append((_target(one), one.mac.address if one.mac else None, [(0, base, 24)]))
        return found


def _target(interface: object) -> str:
    target = getattr(interface, "target", None)
    return (target and target.dev) or ""


def _require_mount_point(state: TestDomain, path: str) -> None:
    if path not in state.frozen:
        raise VirtError(ErrorCode.OPERATION_INVALID, f"mount point not found: {path}")
