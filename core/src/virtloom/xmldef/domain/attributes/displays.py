"""Displays, graphics adapters and sound cards (`virDomainGraphicsDefParseXML`, `virDomainVideoDefParseXML`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode
from virtloom.xmldef.domain.attributes.disks import VIRTIO
from virtloom.xmldef.domain.attributes.kinds import INT, Rule, flags, must, number, numbers, switches, told, word

CHANNELS = "main display inputs cursor playback record smartcard usbredir"
SECURITY = "any secure insecure"
VIDEOS = ("default", "vga", "cirrus", "vmvga", "xen", "vbox", "qxl", "parallels", "virtio", "gop", "none", "bochs",
          "ramfb")  # fmt: skip
AUDIO_ID = must(number("id", zero=False))


def _size(name: str, code: ErrorCode = ErrorCode.XML_ERROR) -> Rule:
    return told(number(name), f"cannot parse video {name} '{{}}'", code)


def _port(display: str) -> Rule:
    return told(number("port", INT), f"cannot parse {display} port {{}}", ErrorCode.INTERNAL_ERROR)


TABLE: dict[str, tuple[Rule, ...]] = {
    "graphics": must(word("type", "sdl vnc rdp desktop spice egl-headless dbus")),
    "graphics/listen": must(word("type", "none address network socket")),
    "graphics[type=vnc]": (
        _port("vnc"),
        number("websocket", INT),
        word("sharePolicy", "default allow-exclusive force-shared ignore"),
        *flags("powerControl"),
    ),
    "graphics[type=vnc]/audio": AUDIO_ID,
    "graphics[type=rdp]": (_port("rdp"),),
    "graphics[type=sdl]": flags("fullscreen"),
    "graphics[type=sdl]/gl": must(*flags("enable")),
    "graphics[type=desktop]": flags("fullscreen"),
    "graphics[type=spice]": (
        *numbers("port tlsPort", INT),
        *flags("autoport"),
        word("defaultMode", SECURITY),
    ),
    "graphics[type=spice]/channel": must(word("name", CHANNELS), word("mode", SECURITY)),
    "graphics[type=spice]/image": must(word("compression", "auto_glz auto_lz quic glz lz off")),
    "graphics[type=spice]/jpeg": must(word("compression", "auto never always")),
    "graphics[type=spice]/zlib": must(word("compression", "auto never always")),
    "graphics[type=spice]/playback": must(*switches("compression")),
    "graphics[type=spice]/streaming": must(word("mode", "filter all off")),
    "graphics[type=spice]/clipboard": must(*flags("copypaste")),
    "graphics[type=spice]/filetransfer": must(*flags("enable")),
    "graphics[type=spice]/gl": must(*flags("enable")),
    "graphics[type=spice]/mouse": must(word("mode", "server client")),
    "graphics[type=dbus]": flags("p2p"),
    "graphics[type=dbus]/gl": must(*flags("enable")),
    "graphics[type=dbus]/audio": AUDIO_ID,
    "video/model/acceleration": flags("accel3d accel2d"),
    "video/model/resolution": must(*numbers("x y")),
    "video/driver": (word("name", "qemu vhostuser"), *VIRTIO),
    "video/model": (
        told(word("type", VIDEOS), "unknown video model '{}'"),
        *(_size(name) for name in ("ram", "vram", "vram64", "vgamem")),
        _size("heads", ErrorCode.INTERNAL_ERROR),
    ),
    "sound": must(word("model", "sb16 es1370 pcspk ac97 ich6 ich9 usb ich7")),
    "sound/audio": AUDIO_ID,
    "sound[model=ich6|ich9]/codec": (
        told(word("type", "duplex micro output"), "unknown codec type '{}'", missing="missing codec type",
             missing_code=ErrorCode.INTERNAL_ERROR),
    ),
}  # fmt: skip
