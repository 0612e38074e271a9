"""What the driver tells of the host and of itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

from virtloom.driver.node import NodeCalls
from virtloom.driver.node.capabilities import guest_element, host_element
from virtloom.driver.node.kernel import text
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom_lxc.domains.base import ContainersBase
from virtloom_lxc.rules import EMULATOR, RULES, security_model


class HostCalls(NodeCalls, ContainersBase):
    """The calls about the connection and the node."""

    def connect_get_type(self) -> str:
        """`virConnectGetType`"""
        return "LXC"

    def connect_get_version(self) -> int:
        """`virConnectGetVersion`: the kernel's, which is what runs containers."""
        numbers = [int(one) for one in re.findall(r"\d+", os.uname().release)[:3]]
        major, minor, micro = (*numbers, 0, 0, 0)[:3]
        return 1_000_000 * major + 1000 * minor + micro

    def connect_get_capabilities(self) -> str:
        """`virConnectGetCapabilities`"""
        root = Node("capabilities")
        root.children.append(host_element([(security_model(), "0")]))
        root.children += [guest_element("exe", arch, EMULATOR, "lxc") for arch in RULES.arches]
        return document.write(root)

    def node_get_security_model(self) -> tuple[list[int], list[int]]:
        """`virNodeGetSecurityModel`"""
        return [*security_model().encode(), 0], [*b"0", 0]


def label_of(pid: int) -> str:
    """The label of a process, "" where the host has none."""
    return text(Path(f"/proc/{pid}/attr/current")).partition("\0")[0] if security_model() != "none" else ""
