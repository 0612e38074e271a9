"""The command line as a person reads it (`virConnectDomainXMLToNative`)."""

from __future__ import annotations

import shlex
from pathlib import Path

from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.command.build import build
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.prepare import prepare
from virtloom_qemu.definition.rules import QemuRules


def to_native(definition: Domain, rules: QemuRules, state: Path = Path("/var/lib/libvirt/qemu")) -> str:
    """The command line of a definition, in one line for a shell.

    :param definition: completed by the rules.
    :param state: the driver's folder of images and run-time state.
    :raises VirtError: what could not be started.
    """
    emulator = rules.emulators.lookup(definition.parts.emulator or "")
    context = Context(emulator, rules.settings, state)
    line = build(prepare(definition, context), context)
    words = [f"{name}={shlex.quote(value)}" for name, value in line.env.items()]
    return " ".join(words + [shlex.quote(word) for word in line.argv])
