"""What containers alone have: what their processes may do, and whose users are whose."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node

# The kernel's capabilities, in libvirt's order (`virDomainProcessCapsFeature`).
CAPABILITIES = (
    "audit_control", "audit_write", "block_suspend", "chown", "dac_override", "dac_read_search", "fowner", "fsetid",
    "ipc_lock", "ipc_owner", "kill", "lease", "linux_immutable", "mac_admin", "mac_override", "mknod", "net_admin",
    "net_bind_service", "net_broadcast", "net_raw", "setgid", "setfcap", "setpcap", "setuid", "sys_admin", "sys_boot",
    "sys_chroot", "sys_module", "sys_nice", "sys_pacct", "sys_ptrace", "sys_rawio", "sys_resource", "sys_time",
    "sys_tty_config", "syslog", "wake_alarm",
)  # fmt: skip
POLICIES = ("default", "allow", "deny")
SWITCH = ("on", "off")
MAPPED = ("start", "target", "count")
MOST = (1 << 32) - 1


def capabilities(node: Node) -> None:
    """What processes of a container may do: kept where it is named (`virDomainFeaturesCapabilitiesDefParse`)."""
    _chosen(node, "policy", POLICIES)
    for capability in node.children:
        if capability.tag not in CAPABILITIES:
            detail = f"unexpected capability feature '{capability.tag}'"
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.DOMAIN)
        _chosen(capability, "state", SWITCH)
        capability.attrs.setdefault("state", "on")
    if node.children:
        node.attrs.setdefault("policy", "default")
    node.children.sort(key=lambda capability: CAPABILITIES.index(capability.tag))


def idmap(root: Node) -> None:
    """The users of a container are mapped in order, root first (`virDomainIdmapDefParseXML`)."""
    node = root.find("idmap")
    if node is None:
        return
    for entry in node.children:
        numbers = [entry.get(name) or "" for name in MAPPED]
        if not all(text.isascii() and text.isdigit() and int(text) <= MOST for text in numbers):
            detail = "invalid idmap start/target/count settings"
            raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN)
    node.children.sort(key=lambda entry: (entry.tag != "uid", int(entry.get("start") or 0)))


def _chosen(node: Node, name: str, words: tuple[str, ...]) -> None:
    text = node.get(name)
    if text is not None and text not in words:
        detail = f"Invalid value for attribute '{name}' in element '{node.tag}': '{text}'."
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
