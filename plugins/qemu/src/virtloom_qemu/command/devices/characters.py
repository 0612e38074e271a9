"""Serial and parallel ports, consoles, channels, and what is behind them on the host (`qemuBuildChardevStr`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.common import Props, address
from virtloom_qemu.command.line import CommandLine, comma, given
from virtloom_qemu.command.values import alias, on_off, optional
from virtloom_qemu.definition.guest import Guest


def add_backend(line: CommandLine, context: Context, name: str, device: Node, role: str = "vdagent") -> None:
    """Add the host's end of a character device.

    :param name: what QEMU is to know it by.
    :param device: the element with `type` and the sources, or a source that has them itself.
    :param role: what a channel of the display is for.
    """
    source = device.find("source") or device
    if (device.get("type") or "pty") == "tcp" and source.get("tls") == "yes":
        line.object("tls-creds-x509", credentials(name), _credentials(context, source))
    line.option("chardev", backend(context, name, device, role))


def credentials(name: str) -> str:
    """What the certificates of a character device are called."""
    return f"obj{name}_tls0"


def _credentials(context: Context, source: Node) -> Props:
    settings = context.settings
    end = "server" if source.get("mode") == "bind" else "client"
    return {"dir": settings.chardev_certificates, "endpoint": end, "verify-peer": settings.chardev_tls_x509_verify}


def backend(context: Context, name: str, device: Node, role: str) -> str:
    """The value of `-chardev`.

    :raises VirtError: CONFIG_UNSUPPORTED for a type that QEMU does not have.
    """
    kind = device.get("type") or "pty"
    source = device.find("source") or device
    made = [f"{_driver(kind, name)},id={name}", *_options(context, kind, name, device, source, role)]
    log = device.find("log")
    if log is not None and log.get("file") is not None:
        passed = context.descriptors.get(f"{name}-log")
        made.append(f"logfile={comma(passed[0] if passed else log.attrs['file'])}")
        append = "on" if passed else log.get("append")
        made += [f"logappend={append}"] if append is not None else []
    return ",".join(made)


def _driver(kind: str, name: str) -> str:
    if kind == "dev":
        return "parallel" if name.startswith("charparallel") else "serial"
    drivers = {"tcp": "socket", "unix": "socket"}
    if kind in ("null", "vc", "pty", "file", "pipe", "stdio", "udp", "spicevmc", "spiceport", "qemu-vdagent", "dbus"):
        return kind
    if kind in drivers:
        return drivers[kind]
    raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"unsupported chardev '{kind}'", ErrorDomain.QEMU)


def _options(context: Context, kind: str, name: str, device: Node, source: Node, role: str) -> list[str]:
    passed = context.descriptors.get(name)
    if kind in ("dev", "pipe", "file"):
        append = "on" if passed else source.get("append")
        path = passed[0] if passed else source.get("path") or ""
        return [f"path={comma(path)}"] + ([f"append={append}"] if kind == "file" and append is not None else [])
    if kind == "udp":
        return _udp(device)
    if kind == "tcp":
        return _tcp(name, device, source)
    if kind == "unix":
        end = f"fd={passed[0]}" if passed else f"path={comma(source.get('path') or '')}"
        return [end, *_listening(source), *_reconnect(source)]
    if kind == "spicevmc":
        return [f"name={role}"]
    if kind in ("spiceport", "dbus"):
        return [f"name={source.get('channel')}"]
    return _vdagent(device) if kind == "qemu-vdagent" else []


def _udp(device: Node) -> list[str]:
    sources = list(device.all("source"))
    connect = next((one for one in sources if one.get("mode") != "bind"), Node("source"))
    bind = next((one for one in sources if one.get("mode") == "bind"), Node("source"))
    return [
        f"host={connect.get('host') or ''}",
        f"port={connect.get('service') or ''}",
        f"localaddr={bind.get('host') or ''}",
        f"localport={bind.get('service') or '0'}",
    ]


def _tcp(name: str, device: Node, source: Node) -> list[str]:
    made = [f"host={source.get('host')}", f"port={source.get('service')}"]
    if device.value("protocol", "type") == "telnet":
        made.append("telnet=on")
    made += [*_listening(source), *_reconnect(source)]
    return made + ([f"tls-creds={credentials(name)}"] if source.get("tls") == "yes" else [])


def _listening(source: Node) -> list[str]:
    return ["server=on", "wait=off"] if source.get("mode") == "bind" else []


def _reconnect(source: Node) -> list[str]:
    node = source.find("reconnect")
    if node is None or node.get("enabled") is None:
        return []
    return [f"reconnect={node.get('timeout') if node.get('enabled') == 'yes' else 0}"]


def _vdagent(device: Node) -> list[str]:
    source = device.find("source") or device
    copy, mouse = source.value("clipboard", "copypaste"), source.value("mouse", "mode")
    made = ["name=vdagent"] + ([f"clipboard={on_off(copy)}"] if copy is not None else [])
    return made + ([f"mouse={'on' if mouse == 'client' else 'off'}"] if mouse is not None else [])


def add_serials(guest: Guest, context: Context, line: CommandLine) -> None:
    """Serial ports."""
    spice = any(one.get("type") == "spice" for one in guest.all("graphics"))
    for serial in guest.all("serial"):
        if serial.get("type") == "spiceport" and not spice:
            continue
        add_backend(line, context, f"char{alias(serial)}", serial)
        line.device(serial_properties(guest, serial))


def serial_properties(guest: Guest, serial: Node) -> Props:
    """The device that a serial port is."""
    model = serial.value("target/model", "name")
    props: Props = {"driver": model, "chardev": f"char{alias(serial)}", "id": alias(serial)}
    if model == "isa-serial":
        props["index"] = optional(serial.find("target"), "port")
    return given({**props, **address(guest, serial)})


def add_parallels(guest: Guest, context: Context, line: CommandLine) -> None:
    """Parallel ports."""
    for port in guest.all("parallel"):
        add_backend(line, context, f"char{alias(port)}", port)
        line.device({"driver": "isa-parallel", "chardev": f"char{alias(port)}", "id": alias(port)})


def add_channels(guest: Guest, context: Context, line: CommandLine) -> None:
    """Channels: ports of a serial device over virtio, or addresses in the guest's user network."""
    for channel in guest.all("channel"):
        add_backend(line, context, f"char{alias(channel)}", channel)
        kind, target = channel.value("target", "type"), channel.find("target")
        if kind == "guestfwd" and target is not None:
            forward = f"tcp:{target.get('address')}:{target.get('port')}-chardev:char{alias(channel)}"
            line.json("netdev", {"type": "user", "guestfwd": [{"str": forward}], "id": alias(channel)})
        elif kind == "virtio":
            line.device(port_properties(guest, channel))


def add_consoles(guest: Guest, context: Context, line: CommandLine) -> None:
    """Consoles over virtio; the first serial port is no device of its own."""
    for console in guest.all("console"):
        if console.value("target", "type") == "virtio":
            add_backend(line, context, f"char{alias(console)}", console)
            line.device(port_properties(guest, console))


def port_properties(guest: Guest, device: Node) -> Props:
    """The device that a channel or a console over virtio is."""
    is_channel = device.tag == "channel"
    name = device.value("target", "name") if is_channel else None
    if is_channel and name is None and device.get("type") == "spicevmc":
        name = "com.redhat.spice.0"
    if device.get("type") == "spicevmc" and is_channel and name != "com.redhat.spice.0":
        detail = f"Unsupported spicevmc target name '{name}'"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
    driver = "virtserialport" if is_channel else "virtconsole"
    props = {"driver": driver, **address(guest, device)}
    return given({**props, "chardev": f"char{alias(device)}", "id": alias(device), "name": name})
