"""Which object a call or an event is about, by the name that people know it by; and what an event is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from virtloom.driver.constants import domain_event, network, node_device, storage
from virtloom.driver.events import Event, EventFamily
from virtloom.errors import VirtError
from virtloom.xmldef import document

# Arguments that name an object themselves, in calls that have no handle of it yet.
NAMES = ("name", "new_name")


def object_of(procedure: str, args: tuple[Any, ...]) -> str | None:
    """The name of the object that a call is about: its handle's, the name asked for, or that of its document.

    :param args: the fields of the call's argument struct.
    """
    fields = getattr(args, "_fields", ())
    for value in args:
        if hasattr(value, "dom"):
            return str(value.dom.name)
        if hasattr(value, "name"):
            return str(value.name)
    for field, value in zip(fields, args, strict=False):
        if isinstance(value, str):
            if field in NAMES:
                return value
            if value.lstrip().startswith("<"):
                return _named_in(value)
    return None


def pool_of(args: tuple[Any, ...]) -> str | None:
    """The name of the pool of a call about volumes."""
    for value in args:
        if hasattr(value, "pool"):
            return str(value.pool)
        if hasattr(value, "name"):
            return str(value.name)
    return None


def _named_in(text: str) -> str | None:
    try:
        root = document.parse(text)
    except VirtError:
        return None
    name = root.find("name")
    return root.get("name") if name is None else name.text.strip()


# What happened in an event, by family: the kinds of event, and for those that have steps, the steps.
KINDS: Mapping[EventFamily, type] = {
    EventFamily.DOMAIN: domain_event.DomainEventID,
    EventFamily.NETWORK: network.NetworkEventID,
    EventFamily.STORAGE_POOL: storage.StoragePoolEventID,
    EventFamily.NODE_DEVICE: node_device.NodeDeviceEventID,
}
STEPS: Mapping[EventFamily, type] = {
    EventFamily.DOMAIN: domain_event.DomainEventType,
    EventFamily.NETWORK: network.NetworkEventLifecycle,
    EventFamily.STORAGE_POOL: storage.StoragePoolEventLifecycle,
    EventFamily.NODE_DEVICE: node_device.NodeDeviceEventLifecycle,
}


def event_name(event: Event) -> str:
    """What an event is called: `lifecycle/started`, `metadata_change`."""
    kind = _word(KINDS.get(event.family), event.number)
    if kind == "lifecycle" and event.payload:
        return f"{kind}/{_word(STEPS.get(event.family), event.payload[0])}"
    return kind


def _word(words: type | None, number: int) -> str:
    names = {} if words is None else {value: name.lower() for name, value in vars(words).items() if name.isupper()}
    return names.get(number, str(number))
