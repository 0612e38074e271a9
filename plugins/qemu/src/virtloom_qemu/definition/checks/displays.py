"""Displays, cards, sound and input devices."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.definition.checks.refusal import internal, malformed, unsupported
from virtloom_qemu.definition.guest import Guest, number, place_type
from virtloom_qemu.settings import Settings

# By model of a card: the device that QEMU needs for it.
CARDS = {
    "vga": "VGA", "cirrus": "cirrus-vga", "vmvga": "vmware-svga", "qxl": "qxl", "virtio": "virtio-gpu-pci",
    "bochs": "bochs-display", "ramfb": "ramfb",
}  # fmt: skip
WITH_HEADS = ("qxl", "virtio")
WITH_RESOLUTION = ("vga", "qxl", "virtio", "bochs")
SOUND = ("es1370", "ac97", "ich6", "sb16", "pcspk", "usb", "ich9")
VNC_PASSWORD_MAX = 8
DISPLAYS = ("sdl", "vnc", "spice", "egl-headless", "dbus")


def graphics(guest: Guest, settings: Settings, device: Node) -> None:
    """A display is one that QEMU has."""
    kind = device.get("type") or ""
    if kind not in DISPLAYS:
        raise unsupported(f"{kind} graphics are not supported with this QEMU")
    kinds = [one.get("type") for one in guest.all("graphics")]
    if "egl-headless" in kinds:
        if kind not in ("egl-headless", "vnc", "spice"):
            detail = "graphics type 'egl-headless' is only supported with one of: 'vnc', 'spice' graphics types"
            raise unsupported(detail)
        if kind == "spice" and device.value("gl", "enable") == "yes":
            raise unsupported("multiple OpenGL displays are not supported by QEMU")
    served = device.value("listen", "type") in ("address", "network")
    encrypted = kind == "spice" and served and number(device, "tlsPort") > 0
    if encrypted and not settings.spice_tls:
        raise unsupported("spice TLS port set in XML configuration, but TLS is disabled in qemu.conf")
    password = device.get("passwd")
    if kind == "vnc" and password is not None and len(password) > VNC_PASSWORD_MAX:
        raise unsupported(f"VNC password is {len(password)} characters long, only 8 permitted")


def video(guest: Guest, settings: Settings, device: Node) -> None:
    """A card is one that QEMU has."""
    model = device.need("model")
    kind = model.get("type") or ""
    if kind == "none":
        return
    if kind not in CARDS or not guest.emulator.has(CARDS[kind]):
        raise unsupported(f"domain configuration does not support video model '{kind}'")
    if kind not in WITH_HEADS and model.get("primary") != "yes":
        raise unsupported(f"video type '{kind}' is only valid as primary video device")
    if kind not in WITH_HEADS and number(model, "heads", 1) != 1:
        raise unsupported(f"video type '{kind}' doesn't support multiple 'heads'")
    _card_memory(model, kind)
    if kind not in WITH_RESOLUTION and model.find("resolution") is not None:
        raise malformed("model resolution is not supported")
    accelerated = model.value("acceleration", "accel3d") == "yes"
    if model.value("acceleration", "accel2d") == "yes":
        raise unsupported("qemu does not support the accel2d setting")
    if accelerated and device.value("driver", "name") != "vhostuser" and kind != "virtio":
        raise unsupported("3d acceleration is supported only with 'virtio' video device")
    if kind == "ramfb" and place_type(device) is not None:
        raise unsupported("'address' is not supported for 'ramfb' video devices")


def _card_memory(model: Node, kind: str) -> None:
    limit = (1 << 32) // 1024
    for name in ("vram", "ram") if kind == "qxl" else ():
        if number(model, name) > limit - 1:
            detail = f"value for '{name}' must be less than '{limit - 1}'"
            raise VirtError(ErrorCode.OVERFLOW, detail, ErrorDomain.QEMU)
    memory = number(model, "vgamem")
    if kind == "qxl" and memory:
        if memory < 1024:
            raise unsupported("value for 'vgamem' must be at least 1 MiB (1024 KiB)")
        if memory & (memory - 1):
            raise unsupported("value for 'vgamem' must be power of two")
    if kind in ("vga", "vmvga") and 0 < number(model, "vram") < 1024:
        raise unsupported("value for 'vram' must be at least 1 MiB (1024 KiB)")


def sound(guest: Guest, settings: Settings, device: Node) -> None:
    """A sound card is one that QEMU has."""
    model = device.get("model")
    if model not in SOUND:
        raise internal(f"sound card model '{model}' is not supported by qemu")


def audio(guest: Guest, settings: Settings, device: Node) -> None:
    """Sound that goes to SPICE needs it."""
    if device.get("type") == "spice" and not any(one.get("type") == "spice" for one in guest.all("graphics")):
        raise unsupported("Spice audio is not supported without spice graphics")


def input_device(guest: Guest, settings: Settings, device: Node) -> None:
    """Input devices over virtio are of the newer kind alone."""
    if device.get("bus") == "virtio" and (device.get("model") or "virtio") != "virtio":
        kind = device.get("type")
        raise unsupported(f"virtio (non-)transitional models are not supported for input type={kind}")
