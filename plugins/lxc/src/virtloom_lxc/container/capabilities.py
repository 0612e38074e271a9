"""What the processes of a container may do: `<features><capabilities>` as liblxc's settings (capabilities(7))."""

from __future__ import annotations

from virtloom.xmldef.domain.definition import Domain

# What a container loses unless its definition keeps it (`lxcContainerDropCapabilities`).
DROPPED = ("sys_module", "sys_time", "mknod", "audit_control", "mac_admin")


def capability_lines(domain: Domain) -> list[str]:
    """The lines of a container's configuration for its capabilities."""
    node = domain.features.find("capabilities") if domain.features is not None else None
    policy = (node.get("policy") if node is not None else None) or "default"
    states = {} if node is None else {one.tag: one.get("state") != "off" for one in node.children}
    if policy == "deny":
        kept = [name for name, on in states.items() if on]
        return [f"lxc.cap.keep = {' '.join(kept) or 'none'}"]
    dropped = [] if policy == "allow" else [name for name in DROPPED if not states.get(name)]
    dropped += [name for name, on in states.items() if not on and name not in dropped]
    return [f"lxc.cap.drop = {' '.join(dropped)}"] if dropped else []


def keeps(domain: Domain, name: str) -> bool:
    """Whether a definition asks for a capability by its name."""
    node = domain.features.find(f"capabilities/{name}") if domain.features is not None else None
    return node is not None and node.get("state") == "on"
