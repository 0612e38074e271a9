"""What the processes of a container may do: `<features><capabilities>` as liblxc's settings (capabilities(7))."""

from __future__ import annotations

from collections.abc import Mapping

from virtloom.xmldef.domain.definition import Domain

# What a container loses unless its definition keeps it (`lxcContainerDropCapabilities`).
DROPPED = ("sys_module", "sys_time", "mknod", "audit_control", "mac_admin")


def capability_lines(domain: Domain) -> list[str]:
    """The lines of a container's configuration for its capabilities."""
    policy, states = _asked(domain)
    if policy == "deny":
        return [f"lxc.cap.keep = {' '.join(name for name, on in states.items() if on) or 'none'}"]
    dropped = _dropped(policy, states)
    return [f"lxc.cap.drop = {' '.join(dropped)}"] if dropped else []


def has(domain: Domain, name: str) -> bool:
    """Whether a container's processes have a capability."""
    policy, states = _asked(domain)
    return states.get(name, False) if policy == "deny" else name not in _dropped(policy, states)


def keeps(domain: Domain, name: str) -> bool:
    """Whether a definition asks for a capability by its name."""
    return _asked(domain)[1].get(name, False)


def _asked(domain: Domain) -> tuple[str, dict[str, bool]]:
    """A definition's policy, and the capabilities that it names."""
    node = domain.features.find("capabilities") if domain.features is not None else None
    if node is None:
        return "default", {}
    return node.get("policy") or "default", {one.tag: one.get("state") != "off" for one in node.children}


def _dropped(policy: str, states: Mapping[str, bool]) -> list[str]:
    """What a container loses under a policy that takes some away."""
    dropped = [] if policy == "allow" else [name for name in DROPPED if not states.get(name)]
    return dropped + [name for name, on in states.items() if not on and name not in dropped]
