"""What faults do to calls: an action each, by a table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from virtloom.driver import DriverHost, InterceptedCall, ReplyCut
from virtloom.driver.context import current
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom_test.faults.armed import Armed
from virtloom_test.faults.fault import Fault
from virtloom_test.faults.objects import object_of, pool_of
from virtloom_test.faults.target import Target

ENOSPC = 28
OPEN = "connect_open"  # the call that makes a connection
# The flag that sends a call to the guest agent, for those that have one; and the calls that always go there.
AGENT_FLAG = {"domain_shutdown_flags": 1 << 1, "domain_reboot": 1 << 1, "domain_set_vcpus_flags": 1 << 3,
              "domain_get_vcpus_flags": 1 << 3, "domain_get_hostname": 1 << 1}  # fmt: skip
AGENT_CALLS = frozenset({
    "domain_fsfreeze", "domain_fsthaw", "domain_fstrim", "domain_get_fsinfo", "domain_get_time", "domain_set_time",
    "domain_set_user_password", "domain_get_guest_info", "domain_get_guest_vcpus", "domain_set_guest_vcpus",
    "domain_authorized_ssh_keys_get", "domain_authorized_ssh_keys_set",
})  # fmt: skip
ROOM_CALLS = frozenset({
    "storage_vol_create_xml", "storage_vol_create_xml_from", "storage_vol_resize", "storage_vol_upload",
    "storage_pool_build",
})  # fmt: skip


class Hit(NamedTuple):
    """A call that a fault hits."""

    host: DriverHost
    target: Target
    armed: Armed
    call: InterceptedCall
    proceed: Callable[[], Any]


def error(hit: Hit) -> Any:
    """Answer with an error."""
    raise VirtError(ErrorCode[hit.armed.fault.code], hit.armed.fault.message)


def delay(hit: Hit) -> Any:
    """Wait, then make the call; a release ends the wait."""
    with hit.host.waiting(f"the release of the fault {hit.armed.fault.name}"):
        hit.armed.released.wait(hit.armed.fault.waits)
    return hit.proceed()


def close(hit: Hit) -> Any:
    """Close the connection, without making the call."""
    raise ReplyCut


def torn(hit: Hit) -> Any:
    """Make the call, and send only the beginning of the answer."""
    raise ReplyCut(hit.proceed(), hit.armed.fault.keep)


def crash(hit: Hit) -> Any:
    """Make the call, and let the guest crash."""
    answer = hit.proceed()
    name = hit.armed.fault.domain or object_of(hit.call.procedure, hit.call.args)
    if name is not None:
        hit.target.crash(name)
    return answer


def agent_silent(hit: Hit) -> Any:
    """Wait for the guest's agent in vain; what does not need it is made."""
    if not _needs_agent(hit.call):
        return hit.proceed()
    with hit.host.waiting(f"the release of the fault {hit.armed.fault.name}"):
        hit.armed.released.wait(hit.armed.fault.waits)
    detail = hit.armed.fault.message or "Guest agent not available for now"
    raise VirtError(ErrorCode.AGENT_UNRESPONSIVE, detail, ErrorDomain.QEMU)


def _needs_agent(call: InterceptedCall) -> bool:
    if call.procedure == "domain_interface_addresses":
        return getattr(call.args, "source", 0) == 1  # VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT
    flag = AGENT_FLAG.get(call.procedure, 0)
    return call.procedure in AGENT_CALLS or bool(flag & getattr(call.args, "flags", 0))


def no_room(hit: Hit) -> Any:
    """Find no room in the pool; what needs none is made."""
    if hit.call.procedure not in ROOM_CALLS:
        return hit.proceed()
    name = object_of(hit.call.procedure, hit.call.args)
    detail = hit.armed.fault.message or f"cannot allocate space for '{name}': No space left on device"
    raise VirtError(ErrorCode.SYSTEM_ERROR, detail, ErrorDomain.STORAGE, int1=ENOSPC)


def restart(hit: Hit) -> Any:
    """Let the daemon end and start again; the call is not made, and its client sees the connection close."""
    hit.host.restart_daemon(hit.armed.fault.waits)
    raise ReplyCut


DO: dict[str, Callable[[Hit], Any]] = {
    "error": error,
    "delay": delay,
    "hang": delay,  # they differ in how long they last
    "close": close,
    "torn": torn,
    "crash": crash,
    "agent-silent": agent_silent,
    "enospc": no_room,
    "restart": restart,
}


class CallFaults:
    """Stands before the calls of one host (`driver.interception.CallInterceptor`)."""

    def __init__(
        self, host: DriverHost, target: Target, hits: Callable[[Callable[[Fault], bool]], list[Armed]]
    ) -> None:
        self._host = host
        self._target = target
        self._hits = hits

    def __call__(self, call: InterceptedCall, proceed: Callable[[], Any]) -> Any:
        """Let the faults that hit the call do what they do, the first of the list outermost."""
        name = object_of(call.procedure, call.args)
        api = current().api
        for armed in reversed(self._hits(lambda fault: self._fits(fault, call, api, name))):
            shown = f" on '{name}'" if name else ""
            self._host.log.warning("fault %s: %s%s: %s", armed.fault.name, api, shown, armed.fault.do)
            proceed = partial(DO[armed.fault.do], Hit(self._host, self._target, armed, call, proceed))
        return proceed()

    def _fits(self, fault: Fault, call: InterceptedCall, api: str, name: str | None) -> bool:
        if fault.of_events or (call.procedure == OPEN and fault.call == "*"):
            return False  # a fault of all calls is one of those of a connection that is open
        if fault.do == "enospc":
            return call.procedure in ROOM_CALLS and any(
                fault.fits_call(self._target.uri, call.procedure, api, one) for one in (name, pool_of(call.args))
            )
        if fault.do == "agent-silent" and not _needs_agent(call):
            return False
        return fault.fits_call(self._target.uri, call.procedure, api, name)
