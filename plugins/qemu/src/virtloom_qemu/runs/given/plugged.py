"""What an interface can have where it is plugged in, which is known once its network has said what that is."""

from __future__ import annotations

from uuid import UUID

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.devices import Interface
from virtloom.xmldef.network.port import NetworkPort

TAPPED = ("network", "bridge", "ethernet")
QUEUED = (*TAPPED, "direct", "vhostuser", "vdpa")


def check_plugged(one: Interface) -> None:
    """Refuse what cannot be had of an interface (`qemuDomainValidateActualNetDef`).

    :param one: of its actual type.
    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    kind, port = one.type, port_type(one)
    passed = kind == "direct" and one.source is not None and one.source.get("mode") == "passthrough"
    if one.vlan is not None and kind != "hostdev" and not passed and not (kind == "bridge" and port == "openvswitch"):
        raise _unsupported(one, "vlan tag not supported for this connection type")
    if one.bandwidth is not None and kind == "hostdev":
        raise _unsupported(one, "bandwidth settings are not supported for hostdev interfaces")
    _check_isolated(one, port)
    if int((one.driver.get("queues") if one.driver is not None else None) or 0) > 0 and kind not in QUEUED:
        raise _not_in_qemu(one, f"multiqueue is not supported for network interfaces of type {kind}")
    if one.filterref is not None:
        if kind not in TAPPED:
            raise _not_in_qemu(one, f"filterref is not supported for network interfaces of type {kind}")
        if port is not None:
            raise _not_in_qemu(one, f"filterref is not supported for network interfaces with virtualport type {port}")
    if one.backend is not None and one.backend.get("tap") is not None and kind not in TAPPED:
        raise _not_in_qemu(one, f"custom tap device path is not supported for network interfaces of type {kind}")
    if one.teaming is not None and one.teaming.get("type") == "transient" and kind != "hostdev":
        raise _not_in_qemu(one, f"teaming transient device must be type='hostdev', not '{kind}'")


def _check_isolated(one: Interface, port: str | None) -> None:
    if one.port is None or one.port.get("isolated") != "yes":
        return
    about = "<port isolated='yes'/> is not supported for network interfaces with"
    if one.type not in ("network", "bridge"):
        raise _unsupported(one, f"{about} type='{one.type}'")
    if port is not None:
        raise _unsupported(one, f"{about} virtualport type='{port}'")


def port_type(one: Interface) -> str | None:
    """The type of an interface's virtual port."""
    return one.virtualport.get("type") if one.virtualport is not None else None


def with_port(one: Interface, port: NetworkPort) -> Interface:
    """An interface on a network as its port there makes it.

    :raises VirtError: CONFIG_UNSUPPORTED for a port that is a device of the host's.
    """
    plug = port.plug
    assert plug is not None
    if plug.type == "hostdev-pci":
        detail = "an interface cannot be a device of a network's yet; a hostdev can"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
    shown = {
        "portid": str(UUID(bytes=port.uuid)),
        "bridge": plug.bridge,
        "macTableManager": plug.mac_table_manager,
        "dev": plug.dev,
        "mode": plug.mode,
    }
    source = {**(one.source or Node("source")).attrs, **{name: value for name, value in shown.items() if value}}
    return one.replace(
        type=plug.type,
        source=Node("source", source),
        bandwidth=one.bandwidth if port.bandwidth is None else port.bandwidth.node(),
        vlan=one.vlan if port.vlan is None else port.vlan.node(),
        virtualport=one.virtualport if port.virtualport is None else port.virtualport.node(),
    )


def _unsupported(one: Interface, what: str, domain: ErrorDomain = ErrorDomain.DOMAIN) -> VirtError:
    mac = (one.mac.address if one.mac is not None else None) or ""
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"interface {mac} - {what}", domain)


def _not_in_qemu(one: Interface, what: str) -> VirtError:
    return _unsupported(one, what, ErrorDomain.QEMU)
