"""What a definition may say, but no guest can be started with (`qemuProcessStartValidate`)."""

from __future__ import annotations

import os

from virtloom.driver.node.cpus.live import expected
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.capabilities import Emulator

X86 = ("x86_64", "i686")


def check_start(definition: Domain, emulator: Emulator) -> None:
    """Refuse a start with a processor that there is not.

    :raises VirtError: CONFIG_UNSUPPORTED for a mode that needs KVM, INTERNAL_ERROR for a model or a feature that is not
        known.
    """
    cpu, arch = definition.cpu, definition.os.type.arch if definition.os is not None and definition.os.type else None
    mode = None if cpu is None else cpu.get("mode") or "custom"
    emulator.require(definition.type, mode)
    if mode == "host-passthrough" and definition.type != "kvm":
        host = os.uname().machine
        detail = f"CPU mode '{mode}' for {arch} {definition.type} domain on {host} host is not supported by hypervisor"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail)
    if cpu is not None and mode == "custom" and arch in X86 and cpu.find("model") is not None:
        expected(cpu)
