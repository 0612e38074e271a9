"""Two drivers that do wrong on purpose: they can be told to deadlock, and to hang with a job on a guest.

They are no part of the repository's distributions: the tests lay them out as a distribution of their own.
"""

from __future__ import annotations

import threading
from uuid import NAMESPACE_DNS, uuid5

from virtloom.driver import API_VERSION, DriverDeclaration, DriverHost, DriverKind, HypervisorDriver, hookimpl
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError
from virtloom.locks import Guarded, JobKind, ObjectType

GUEST = ObjectType("guest", key="uuid")
PATIENCE = 60.0  # seconds after which a test's daemon has hung long enough

DRIVERS: dict[str, TangleDriver] = {}
both_hold = threading.Barrier(2)


class TangleDriver(HypervisorDriver):
    """Two guests, "near" and "far". Suspending "near" deadlocks two such drivers; resuming it hangs."""

    def __init__(self, name: str, host: DriverHost) -> None:
        self.name = name
        self.host = host
        self.guests = host.collection(GUEST)
        self.released = threading.Event()
        for guest in ("near", "far"):
            self.guests.obtain(uuid5(NAMESPACE_DNS, guest).bytes, guest, lambda: None)
        DRIVERS[name] = self

    def connect_get_type(self) -> str:
        return "Tangle"

    def domain_lookup_by_name(self, name: str) -> DomainHandle:
        guest = self.guests.find_name(name)
        if guest is None:
            raise VirtError(ErrorCode.NO_DOMAIN, f"no guest with matching name '{name}'")
        assert isinstance(guest.key, bytes)
        return DomainHandle(name, guest.key, 1)

    def domain_get_state(self, dom: DomainHandle, flags: int) -> tuple[int, int]:
        with self._guest(dom).locked():
            return 1, 0

    def domain_suspend(self, dom: DomainHandle) -> None:
        """Hold the own guest, wait until the other driver does so too, and then want the other's guest."""
        other = DRIVERS["right" if self.name == "left" else "left"]
        with self._guest(dom).job(JobKind.MODIFY):
            with self.host.waiting("the other driver"):
                both_hold.wait(PATIENCE)
            with other._guest(dom).job(JobKind.MODIFY):
                pass

    def domain_resume(self, dom: DomainHandle) -> None:
        """Hang, as with a monitor that does not answer, until the guest is destroyed."""
        with self._guest(dom).job(JobKind.MODIFY) as job:
            with self.host.waiting("an answer that never comes"):
                self.released.wait(PATIENCE)
            job.check()

    def domain_destroy_flags(self, dom: DomainHandle, flags: int) -> None:
        self._guest(dom).kill_jobs("it was destroyed")
        self.released.set()

    def _guest(self, dom: DomainHandle) -> Guarded[None]:
        found = self.guests.find(dom.uuid)
        assert found is not None
        return found


class _Plugin:
    """One of the two plugins: what its entry point names."""

    def __init__(self, name: str) -> None:
        self.name = name

    @hookimpl
    def virtloom_declare(self) -> DriverDeclaration:
        return DriverDeclaration(
            self.name, "1.0", API_VERSION, DriverKind.HYPERVISOR, schemes=(self.name,), object_types=(GUEST,)
        )

    @hookimpl
    def virtloom_start(self, host: DriverHost) -> TangleDriver:
        return TangleDriver(self.name, host)


left, right = _Plugin("left"), _Plugin("right")
