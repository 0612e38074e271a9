"""Ports of Open vSwitch's bridges, which its own tool makes and removes (ovs-vsctl(8)). With no lock held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.network.virtualport import VirtualPort
from virtloom.xmldef.network.vlan import Vlan

TOOL = "ovs-vsctl"
TIMEOUT = 5  # seconds that the switch has (`ovs_timeout`)
DEADLINE = 10.0  # seconds that the tool has
OPENVSWITCH = "openvswitch"  # the type of such a port
Run = Callable[..., Any]


def add_port(
    run: Run, bridge: str, name: str, *, mac: str, guest: bytes, port: VirtualPort, vlan: Vlan | None = None
) -> None:
    """Put a link on a bridge.

    :param run: `DriverHost.run`; :param guest: the uuid of whose link it is; :param mac: of the guest's end.
    :raises VirtError: INTERNAL_ERROR.
    """
    about = port.parameters
    interface = about.interfaceid if about is not None else None
    ids = {"attached-mac": mac, "iface-id": str(UUID(bytes=interface or bytes(16))), "vm-id": str(UUID(bytes=guest))}
    if about is not None and about.profileid:
        ids |= {"port-profile": about.profileid, "ifname": name}
    words = ["--may-exist", "add-port", bridge, name, *tags(vlan)]
    for key, value in ids.items():
        words += ["--", "set", "Interface", name, f'external-ids:{key}="{value}"']
    words += ["--", "set", "Interface", name, "external-ids:iface-status=active"]
    _run(run, words, f"Unable to add port {name} to OVS bridge {bridge}")


def remove_port(run: Run, name: str) -> None:
    """Take a link off its bridge; one that is on none is no error.

    :raises VirtError: INTERNAL_ERROR.
    """
    _run(run, ["--if-exists", "del-port", name], f"Unable to delete port {name} from OVS")


def tags(vlan: Vlan | None) -> Iterator[str]:
    """The columns of a port that say which VLANs it carries (`virNetDevOpenvswitchConstructVlans`)."""
    if vlan is None or not vlan.tags:
        return
    native = next((one for one in vlan.tags if one.native_mode is not None), None)
    if native is not None:
        yield f"vlan_mode=native-{native.native_mode}"
        yield f"tag={native.id}"
    if vlan.trunk or len(vlan.tags) > 1 or native is not None:
        yield f"trunk={','.join(str(one.id) for one in vlan.tags)}"
    else:
        yield f"tag={vlan.tags[0].id}"


def _run(run: Run, words: list[str], detail: str) -> None:
    try:
        run([TOOL, f"--timeout={TIMEOUT}", "--", *words], deadline=DEADLINE)
    except VirtError as error:
        hint = f"{error}; is Open vSwitch installed, and does it run?"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE, hint=hint) from error
