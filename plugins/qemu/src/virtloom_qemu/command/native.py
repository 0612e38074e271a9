"""The command line as a person reads it (`virConnectDomainXMLToNative`).

What a start takes on the host is made up: every interface is a tap of a descriptor that whoever runs the command line
opens, and displays are at the first ports.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import NamedTuple

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Graphics, Interface, Listen
from virtloom_qemu.capabilities import Emulator
from virtloom_qemu.command.build import MASTER_KEY, build
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.prepare import prepare
from virtloom_qemu.command.requisites import require_devices
from virtloom_qemu.definition.addresses.pci import pci_addresses
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.definition.starting import check_start
from virtloom_qemu.settings import Settings

PORTS = {"vnc": 5900, "spice": 5901}  # where displays are shown that choose by themselves
TLS_PORT = 5902
FIRST_DESCRIPTOR = 3


class HostLookups(NamedTuple):
    """What of a definition is looked up on the host, or refused.

    :ivar located: finds the volumes of its disks; :ivar revealed: the values of its secrets, by their names in QEMU.
    """

    located: Callable[[Domain], Domain]
    revealed: Callable[[Domain], Mapping[str, bytes]]


NOWHERE = HostLookups(lambda definition: definition, lambda definition: {})


def to_native(
    definition: Domain,
    emulator: Emulator,
    settings: Settings,
    state: Path = Path("/var/lib/libvirt/qemu"),
    host: HostLookups = NOWHERE,
) -> str:
    """The command line of a definition, in one line for a shell.

    :param definition: completed by the rules.
    :param state: the driver's folder of images and run-time state.
    :param host: what is looked up on the host.
    :raises VirtError: what could not be started.
    """
    check_start(definition, emulator)
    context = Context(emulator, settings, state)
    live = prepare(_shown(host.located(definition), context), context)
    secrets = host.revealed(live)
    require_devices(Guest(live, emulator))
    names = [one.alias.get("name") or "" for one in live.parts.interfaces if one.alias is not None]
    taps = {name: (str(number),) for name, number in zip(names, count(FIRST_DESCRIPTOR), strict=False)}
    line = build(live, replace(context, descriptors=taps, secrets=secrets, secrets_key=MASTER_KEY))
    words = [f"{name}={shlex.quote(value)}" for name, value in line.env.items()]
    return " ".join(words + [shlex.quote(word) for word in line.argv])


def _shown(definition: Domain, context: Context) -> Domain:
    parts, folder = definition.parts, context.folder(definition.name)
    changed = definition.with_devices(
        interfaces=tuple(_interface(one) for one in parts.interfaces),
        graphics=tuple(_display(one, context.settings, folder) for one in parts.graphics),
    )
    guest = Guest(changed, context.emulator)
    pci_addresses(guest)
    return guest.domain()


def _interface(one: Interface) -> Interface:
    """An interface as it can be had without a daemon: what connects it is left out, and what is said of that."""
    if one.type == "hostdev":
        return one
    return Interface(type="ethernet", mac=one.mac, model=one.model, script=one.script, boot=one.boot)


def _display(one: Graphics, settings: Settings, folder: Path) -> Graphics:
    listens = one.listens or (Listen(type="address"),)
    if one.type not in PORTS or listens[0].type == "none":
        return one
    if listens[0].type == "socket":
        path = listens[0].socket or f"{folder}/{one.type}.sock"
        return one.replace(socket=path, listens=(listens[0].replace(socket=path), *listens[1:]))
    default = settings.vnc_listen if one.type == "vnc" else settings.spice_listen
    port, tls_port = one.port, one.tls_port
    if one.autoport or port == -1:
        port = PORTS[one.type]
    if one.type == "spice" and ((one.autoport and settings.spice_tls) or tls_port == -1):
        tls_port = TLS_PORT
    address = listens[0].address or default
    return one.replace(port=port, tls_port=tls_port, listens=(listens[0].replace(address=address), *listens[1:]))
