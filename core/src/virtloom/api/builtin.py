"""The procedures that no driver answers: opening and closing, authentication, features, and who wants which events."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from virtloom.api.patterns import Pattern, Unsupported
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.events import EventFamily
from virtloom.driver.flags import check_flags
from virtloom.errors import ErrorCode, VirtError

if TYPE_CHECKING:
    from virtloom.api.session import Session

Args = tuple[Any, ...]
Builtin = Callable[["Session", Args], Any]

AUTH_NONE = 0
NAMES_KEPT = 64  # of events, with whether an expression matches them
LIB_VERSION = 9_000_000  # the libvirt release whose behaviour this daemon has: major * 10^6 + minor * 10^3 + release


class MonitorEvents:
    """`virConnectDomainQemuMonitorEventRegisterFlags`"""

    REGEX = 1
    NOCASE = 2


class Feature:
    """`virDrvFeature`: what a client asks about when it opens."""

    FD_PASSING = 8
    TYPED_PARAM_STRING = 9
    PROGRAM_KEEPALIVE = 10
    REMOTE_EVENT_CALLBACK = 14
    REMOTE_CLOSE_CALLBACK = 15
    NETWORK_UPDATE_HAS_CORRECT_ORDER = 16


# What the daemon itself supports, whichever driver is behind.
OWN_FEATURES = frozenset(
    {
        Feature.FD_PASSING,
        Feature.TYPED_PARAM_STRING,
        Feature.PROGRAM_KEEPALIVE,
        Feature.REMOTE_EVENT_CALLBACK,
        Feature.REMOTE_CLOSE_CALLBACK,
        Feature.NETWORK_UPDATE_HAS_CORRECT_ORDER,
    }
)


def auth_list(session: Session, args: Args) -> Args:
    """Unix sockets are guarded by their permissions, so nothing more is asked; the question itself authenticates."""
    session.authenticated = True
    return ([AUTH_NONE],)


def auth_refused(session: Session, args: Args) -> Args:
    """A kind of authentication that was not offered."""
    raise VirtError(ErrorCode.AUTH_FAILED, "authentication failed")


def supports_feature(session: Session, args: Args) -> Args:
    """Keepalive is asked about before the connection opens, and asking is wanting it."""
    (feature,) = args
    if feature == Feature.PROGRAM_KEEPALIVE:
        session.port.start_keepalive()
        return (1,)
    if feature in OWN_FEATURES:
        session.require_open()
        return (1,)
    return (int(session.driver_supports_feature(feature)),)


def get_hostname(session: Session, args: Args) -> Args:
    """The host's name (`virConnectGetHostname`), unless the driver has one of its own."""
    session.require_open()
    return (os.uname().nodename or "localhost",)


def get_uri(session: Session, args: Args) -> Args:
    """The URI that was opened, or the one that an empty one stood for."""
    return (str(session.uri),)


def close(session: Session, args: Args) -> None:
    """Everything is released when the socket goes, which it does after the reply."""
    session.require_open()
    session.port.close_after_reply()


def register_close_callback(session: Session, args: Args) -> None:
    """A close callback tells of a lost hypervisor; there is one behind a plugin only while it runs."""
    session.require_open()
    if session.close_callback:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "A close callback is already registered")
    session.close_callback = True


def unregister_close_callback(session: Session, args: Args) -> None:
    """See `register_close_callback`."""
    session.require_open()
    if not session.close_callback:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "A different callback was requested")
    session.close_callback = False


def register_lifecycle(session: Session, args: Args) -> Args:
    """`virConnectDomainEventRegister`, the oldest form of all."""
    session.events_of(EventFamily.DOMAIN)
    session.subscriptions.add_legacy(DomainEventID.LIFECYCLE)
    return (1,)


def deregister_lifecycle(session: Session, args: Args) -> Args:
    """See `register_lifecycle`."""
    session.events_of(EventFamily.DOMAIN)
    session.subscriptions.remove_legacy(DomainEventID.LIFECYCLE)
    return (1,)


def register_legacy(session: Session, args: Args) -> None:
    """A domain event in the form without a callback's number."""
    session.events_of(EventFamily.DOMAIN)
    session.subscriptions.add_legacy(args[0])


def deregister_legacy(session: Session, args: Args) -> None:
    """See `register_legacy`."""
    session.events_of(EventFamily.DOMAIN)
    session.subscriptions.remove_legacy(args[0])


def register(family: EventFamily) -> Builtin:
    """Registration for one event of a family, of one object or of all; answers with the callback's number."""

    def call(session: Session, args: Args) -> Args:
        number, handle = args
        session.events_of(family)
        return (session.subscriptions.add(family, number, handle),)

    return call


def deregister(family: EventFamily) -> Builtin:
    """The end of a registration, by its number."""

    def call(session: Session, args: Args) -> None:
        session.events_of(family)
        session.subscriptions.remove(family, args[0])

    return call


def register_monitor(session: Session, args: Args) -> Args:
    """`virConnectDomainQemuMonitorEventRegister`: what monitors tell, of one guest or of all, chosen by name."""
    handle, name, flags = args
    check_flags(flags, MonitorEvents.REGEX | MonitorEvents.NOCASE, "virDomainQemuMonitorEventStateRegisterID")
    session.events_of(EventFamily.QEMU_MONITOR)
    return (session.subscriptions.add(EventFamily.QEMU_MONITOR, 0, handle, by_name(name, flags)),)


def by_name(name: str | None, flags: int) -> Callable[[str], bool] | None:
    """What chooses events by their names; None for all of them.

    :param flags: `virConnectDomainQemuMonitorEventRegisterFlags`.
    :raises VirtError: INVALID_ARG for a regular expression that is none, or that `Pattern` refuses.
    """
    if name is None:
        return None
    if not flags & MonitorEvents.REGEX:
        return (lambda told: told.casefold() == name.casefold()) if flags & MonitorEvents.NOCASE else name.__eq__
    try:
        pattern = Pattern(name, ignore_case=bool(flags & MonitorEvents.NOCASE))
    except (re.error, Unsupported) as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"failed to compile regex '{name}': {error}") from None
    return lru_cache(NAMES_KEPT)(pattern.search)


def _event_calls() -> dict[str, Builtin]:
    families = {
        "connect_domain_event_callback": EventFamily.DOMAIN,
        "connect_network_event": EventFamily.NETWORK,
        "connect_storage_pool_event": EventFamily.STORAGE_POOL,
        "connect_node_device_event": EventFamily.NODE_DEVICE,
        "connect_secret_event": EventFamily.SECRET,
    }
    calls = {f"{name}_register_any": register(family) for name, family in families.items()}
    return calls | {f"{name}_deregister_any": deregister(family) for name, family in families.items()}


BUILTINS: dict[str, Builtin] = {
    "auth_list": auth_list,
    "auth_polkit": auth_refused,
    "auth_sasl_init": auth_refused,
    "auth_sasl_start": auth_refused,
    "auth_sasl_step": auth_refused,
    "connect_open": lambda session, args: session.open(*args),
    "connect_close": close,
    "connect_supports_feature": supports_feature,
    "connect_get_uri": get_uri,
    "connect_is_secure": lambda session, args: (int(session.require_open()),),
    "connect_get_lib_version": lambda session, args: (LIB_VERSION * session.require_open(),),
    "connect_set_identity": lambda session, args: session.set_identity(args[0]),
    "connect_register_close_callback": register_close_callback,
    "connect_unregister_close_callback": unregister_close_callback,
    "connect_domain_event_register": register_lifecycle,
    "connect_domain_event_deregister": deregister_lifecycle,
    "connect_domain_event_register_any": register_legacy,
    "connect_domain_event_deregister_any": deregister_legacy,
    "connect_domain_monitor_event_register": register_monitor,
    "connect_domain_monitor_event_deregister": deregister(EventFamily.QEMU_MONITOR),
} | _event_calls()

# Answered by the daemon where the driver has nothing to say.
FALLBACKS: dict[str, Builtin] = {"connect_get_hostname": get_hostname}
