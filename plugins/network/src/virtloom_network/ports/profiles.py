"""Virtual ports put together from what a port, its network and its group say (`virNetDevVPortProfileMerge3`)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from virtloom.errors import ErrorDomain
from virtloom.xmldef import chance
from virtloom.xmldef.network.refusal import bad
from virtloom.xmldef.network.virtualport import Parameters, VirtualPort

# Which parameters a type cannot do without, in the order in which they are missed.
NEEDED = {
    "802.1Qbg": ("managerid", "typeid", "typeidversion", "instanceid"),
    "802.1Qbh": ("profileid",),
    "openvswitch": ("interfaceid",),
    "midonet": ("interfaceid",),
}
GENERATED = {"802.1Qbg": "instanceid", "openvswitch": "interfaceid"}  # made up where nobody gives one


def merged(*given: VirtualPort | None) -> VirtualPort | None:
    """The virtual port that several say together; None if none says anything.

    :raises VirtError: XML_ERROR where they contradict each other.
    """
    said = [one for one in given if one is not None]
    if not said:
        return None
    types = [one.type for one in said if one.type is not None]
    if len(set(types)) > 1:
        told = f"attempt to merge virtualports with mismatched types ({types[0]} and {types[1]})"
        raise bad(told, ErrorDomain.NONE)
    fields: dict[str, Any] = {}
    for one in said:
        for field in Parameters.fields if one.parameters is not None else ():
            _merge(fields, field.name, getattr(one.parameters, field.name))
    return VirtualPort(type=types[0] if types else None, parameters=Parameters(**fields) if fields else None)


def _merge(fields: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        return
    if (old := fields.setdefault(name, value)) != value:
        told = f"attempt to merge virtualports with mismatched {name}s ({_shown(old)} and {_shown(value)})"
        raise bad(told, ErrorDomain.NONE)


def _shown(value: int | bytes | str) -> str:
    return str(value) if isinstance(value, int) else f"'{UUID(bytes=value) if isinstance(value, bytes) else value}'"


def completed(port: VirtualPort | None) -> VirtualPort | None:
    """A virtual port with an id of its own, if its type has one and none was given (`CheckComplete`).

    :raises VirtError: XML_ERROR if it lacks what its type needs.
    """
    if port is None or port.type is None:
        return port
    parameters = port.parameters or Parameters()
    for name in NEEDED[port.type]:
        if getattr(parameters, name) is None:
            if GENERATED.get(port.type) != name:
                raise bad(f"missing {name} in <virtualport type='{port.type}'>", ErrorDomain.NONE)
            parameters = parameters.replace(**{name: chance.uuid().bytes})
    return port.replace(parameters=parameters)
