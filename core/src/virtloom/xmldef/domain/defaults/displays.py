"""Displays, input devices and graphics cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Graphics, Input, Listen, Video, VideoModel

# Buses of a PC's input devices; what is not here is on the USB (`virDomainInputDefParseXML`).
HVM_BUSES = {"mouse": "ps2", "keyboard": "ps2", "passthrough": "virtio", "evdev": "none"}
# Memory of a card in KiB, where nobody says (`virDomainVideoDefaultRAM`).
VIDEO_MEMORY = {"cirrus": 16384, "vga": 16384, "vmvga": 16384, "bochs": 16384, "xen": 4096, "qxl": 65536}


DEFAULT_CARD = "default"


def graphics(domain: Domain) -> Domain:
    """A display says where it listens, and whether its port is chosen for it."""
    return domain.with_devices(graphics=tuple(_completed(one) for one in domain.parts.graphics))


def _completed(one: Graphics) -> Graphics:
    if one.type not in PORTS:
        return one
    ports = PORTS[one.type](one)
    listens = _listens(one)
    first = listens[0]
    if first.type == "address" and one.type == "spice" and not any(ports.values()):
        first = Listen(type="none")
        listens = (first, *listens[1:])
    if first.type in ("socket", "none"):
        socket = first.socket if one.type == "vnc" else None
        return one.replace(
            listens=listens, socket=socket, port=None, tls_port=None, autoport=None, listen_attribute=None
        )
    return one.replace(listens=listens, listen_attribute=first.address, socket=None, **ports)


def _listens(one: Graphics) -> tuple[Listen, ...]:
    """Where a display listens: what it was told, in whatever way (`virDomainGraphicsListensParseXML`)."""
    by_socket = Listen(type="socket", socket=one.socket) if one.socket is not None and one.type == "vnc" else None
    listens = one.listens
    if not listens:
        return (by_socket or Listen(type="address", address=one.listen_attribute or None),)
    first = listens[0]
    if first.type in ("address", "network") and by_socket is not None:
        first = by_socket
    elif first.type == "address":
        first = first.replace(address=first.address or one.listen_attribute or None, socket=None, network=None)
    elif first.type == "network":
        first = first.replace(address=None)
    elif first.type == "socket":
        first = first.replace(socket=first.socket or one.socket)
    return (first, *listens[1:])


def _vnc_port(one: Graphics) -> dict[str, Any]:
    """A port that is not given, or is -1, is chosen at the start; it is shown as -1."""
    chosen = one.port in (None, -1) if one.autoport is None else one.autoport
    port = -1 if chosen else one.port
    return {"port": port or None, "autoport": chosen}


def _spice_ports(one: Graphics) -> dict[str, Any]:
    """Ports are chosen at the start if that is asked for; ports that are not given are not opened."""
    chosen = bool(one.autoport) or (one.port == -1 and one.tls_port == -1)
    if chosen:
        return {"port": None, "tls_port": None, "autoport": True}
    return {"port": one.port or None, "tls_port": one.tls_port or None, "autoport": False}


def _rdp_port(one: Graphics) -> dict[str, Any]:
    """A port that is not given is chosen at the start; it is shown as 0."""
    chosen = bool(one.autoport) or not one.port
    return {"port": 0 if chosen else one.port, "autoport": chosen or None}


PORTS: dict[str, Callable[[Graphics], dict[str, Any]]] = {"vnc": _vnc_port, "spice": _spice_ports, "rdp": _rdp_port}


def inputs(domain: Domain) -> Domain:
    """A device without a bus has the one of its kind (`virDomainInputDefParseXML`)."""
    is_hvm = domain.os is not None and domain.os.type is not None and domain.os.type.name == "hvm"

    def with_bus(device: Input) -> Input:
        if device.bus is not None:
            return device
        return device.replace(bus=HVM_BUSES.get(device.type, "usb") if is_hvm else "xen")

    return domain.with_devices(inputs=tuple(with_bus(device) for device in domain.parts.inputs))


def videos(domain: Domain) -> Domain:
    """A guest with a display has a card; the first one is the primary."""
    cards = domain.parts.videos or ((Video(),) if domain.parts.graphics else ())
    done = [(card, _with_memory(card.model or VideoModel())) for card in cards]
    done.sort(key=lambda pair: not pair[1].primary)
    if done:
        card, model = done[0]
        if model.type == "none":
            done[0] = (Video(alias=card.alias), VideoModel(type="none"))
        else:
            done[0] = (card, model.replace(primary=True))
    return domain.with_devices(videos=tuple(card.replace(model=model) for card, model in done))


def _with_memory(model: VideoModel) -> VideoModel:
    kind = model.type or DEFAULT_CARD
    memory = VIDEO_MEMORY.get(kind)
    return model.replace(
        type=kind,
        ram=_power_of_two(model.ram or (memory if model.type == "qxl" else None)),
        vram=_power_of_two(model.vram or memory),
        heads=model.heads or 1,
        primary=model.primary or None,
    )


def _power_of_two(number: int | None) -> int | None:
    return None if not number else 1 << (number - 1).bit_length()
