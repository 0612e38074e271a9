"""Displays: VNC, SPICE, and those on the host's own screen (`qemuBuildGraphicsCommandLine`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.line import CommandLine, comma
from virtloom_qemu.command.values import on_off
from virtloom_qemu.definition.guest import Guest, number

VNC_PORT = 5900
SPICE_CHANNELS = ("main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir")


def add_graphics(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every display.

    :raises VirtError: CONFIG_UNSUPPORTED for two of one kind, or a port that is none of VNC's.
    """
    displays = guest.all("graphics")
    kinds = [one.get("type") for one in displays]
    if any(kinds.count(kind) > 1 for kind in kinds):
        raise _unsupported("only 1 graphics device of each type (sdl, vnc, spice, headless, dbus) is supported")
    for one in displays:
        kind = one.get("type")
        if kind == "vnc":
            _vnc(guest, context, one, line)
        elif kind == "spice":
            _spice(one, line)
        elif kind == "sdl":
            _sdl(one, line)
        elif kind == "egl-headless":
            line.option("display", f"egl-headless{_render_node(one)}")
        elif kind == "dbus":
            _dbus(one, line)
        else:
            raise _unsupported(f"unsupported graphics type '{kind}'")


def audio_of(guest: Guest, device: Node) -> str:
    """The backend that a device's sound goes to: the one that it names, or the first (`virDomainDefFindAudioByID`).

    :raises VirtError: INTERNAL_ERROR if there is none.
    """
    wanted = device.value("audio", "id")
    found = [one.get("id") for one in guest.all("audio") if wanted is None or one.get("id") == wanted]
    if not found:
        detail = "unable to find audio backend for sound device"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    return f"audio{found[0]}"


def _vnc(guest: Guest, context: Context, one: Node, line: CommandLine) -> None:
    options = [_vnc_end(one)]
    if one.get("sharePolicy") is not None:
        options.append(f"share={one.get('sharePolicy')}")
    if one.get("passwd") is not None:
        options.append("password=on")
    if one.get("powerControl") is not None:
        options.append(f"power-control={on_off(one.get('powerControl'))}")
    options.append(f"audiodev={audio_of(guest, one)}")
    line.option("vnc", ",".join(options))
    _keymap(one, line)


def _vnc_end(one: Node) -> str:
    listen = one.find("listen")
    kind = listen.get("type") if listen is not None else "address"
    if kind == "socket" and listen is not None:
        return f"vnc=unix:{comma(listen.get('socket') or '')}"
    if kind == "none":
        return "none"
    port = number(one, "port")
    if one.get("autoport") != "yes" and not VNC_PORT <= port <= 65535:
        raise _unsupported("vnc port must be in range [5900,65535]")
    host = (listen.get("address") if listen is not None else None) or ""
    end = f"{f'[{host}]' if ':' in host else host}:{port - VNC_PORT}"
    web = number(one, "websocket")
    return f"{end},websocket={web}" if web else end


def _spice(one: Node, line: CommandLine) -> None:
    options = _spice_end(one)
    mouse = one.value("mouse", "mode")
    if mouse is not None:
        options.append(f"agent-mouse={'on' if mouse == 'client' else 'off'}")
    if one.get("passwd") is None:
        options.append("disable-ticketing=on")
    options += _spice_channels(one)
    for element, attribute, option in (
        ("image", "compression", "image-compression"),
        ("jpeg", "compression", "jpeg-wan-compression"),
        ("zlib", "compression", "zlib-glz-wan-compression"),
        ("playback", "compression", "playback-compression"),
        ("streaming", "mode", "streaming-video"),
    ):
        value = one.value(element, attribute)
        options += [f"{option}={value}"] if value is not None else []
    if one.value("clipboard", "copypaste") == "no":
        options.append("disable-copy-paste=on")
    if one.value("filetransfer", "enable") == "no":
        options.append("disable-agent-file-xfer=on")
    if one.value("gl", "enable") == "yes":
        options.append(f"gl=on{_render_node(one)}")
    line.option("spice", ",".join([*options, "seamless-migration=on"]))
    _keymap(one, line)


def _spice_end(one: Node) -> list[str]:
    listen = one.find("listen")
    kind = listen.get("type") if listen is not None else "address"
    if kind == "none":
        return ["port=0"]
    if kind == "socket" and listen is not None:
        return ["unix", f"addr={comma(listen.get('socket') or '')}"]
    port, tls = number(one, "port"), number(one, "tlsPort")
    options = [f"port={port}"] if port > 0 else []
    options += [f"tls-port={tls}"] if tls > 0 else []
    host = listen.get("address") if listen is not None else None
    return options + ([f"addr={host}"] if options and host else [])


def _spice_channels(one: Node) -> list[str]:
    words = {"secure": "tls-channel", "insecure": "plaintext-channel"}
    chosen = {node.get("name"): node.get("mode") for node in one.all("channel")}
    modes = [("default", one.get("defaultMode")), *((name, chosen.get(name)) for name in SPICE_CHANNELS)]
    secure = number(one, "tlsPort") > 0
    found = []
    for name, mode in modes:
        if mode == "secure" and not secure:
            what = "spice defaultMode secure requested" if name == "default" else "spice secure channels set"
            raise _unsupported(f"{what} in XML configuration, but TLS connection is not available")
        found += [f"{words[mode]}={name}"] if mode in words else []
    return found


def _sdl(one: Node, line: CommandLine) -> None:
    for attribute, variable in (("xauth", "XAUTHORITY"), ("display", "DISPLAY")):
        value = one.get(attribute)
        if value is not None:
            line.env[variable] = value
    if one.get("fullscreen") == "yes":
        line.option("full-screen")
    gl = one.value("gl", "enable")
    line.option("display", "sdl" if gl is None else f"sdl,gl={on_off(gl)}")


def _dbus(one: Node, line: CommandLine) -> None:
    end = "p2p=on" if one.get("p2p") == "yes" else f"addr={comma(one.get('address') or '')}"
    gl, sound = one.value("gl", "enable"), one.value("audio", "id")
    value = f"dbus,{end}" + (f",gl={on_off(gl)}" if gl is not None else "") + _render_node(one)
    line.option("display", value + (f",audiodev=audio{sound}" if sound is not None else ""))


def _render_node(one: Node) -> str:
    node = one.value("gl", "rendernode")
    return "" if node is None else f",rendernode={comma(node)}"


def _keymap(one: Node, line: CommandLine) -> None:
    keymap = one.get("keymap")
    if keymap is not None:
        line.option("k", keymap)


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
