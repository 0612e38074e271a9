"""The containers' own program: their namespaces as descriptors (`lxc_protocol.x`)."""

from __future__ import annotations

from virtloom.wire.programs import Acl, Procedure, Program
from virtloom.wire.remote.structs.common import nonnull_domain
from virtloom.xdr import struct, uint32

domain_open_namespace_args = struct("domain_open_namespace_args", dom=nonnull_domain, flags=uint32)

PROGRAM = Program(
    "LXC",
    0x68000,
    1,
    [
        Procedure(
            1,
            "DOMAIN_OPEN_NAMESPACE",
            "virDomainLxcOpenNamespace",
            args=domain_open_namespace_args,
            acl=(Acl("domain", "open_namespace"),),
            fds="reply: 0 or more",
        ),
    ],
)
