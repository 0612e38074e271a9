"""The other devices: what has to be in them, and what at most once."""

from __future__ import annotations

import re

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.checks.refusal import internal, malformed, unsupported

TIME = re.compile(r"\d+-\d+-\d+T\d+:\d+:\d+", re.ASCII)
CONNECTED = ("fail", "disconnect", "keep")
EVENT_SOURCE = {"passthrough": "evdev", "evdev": "dev"}


def on_usb(device: Node) -> None:
    """What is on the USB has an address there."""
    if device.get("bus") in (None, "usb") and device.value("address", "type") not in (None, "usb"):
        raise malformed("Invalid address for a USB device")


def input_source(node: Node) -> None:
    """`virDomainInputDefParseXML`"""
    if node.get("bus") == "usb":
        on_usb(node)
    name = EVENT_SOURCE.get(node.get("type") or "")
    source = node.find("source")
    if name is not None and source is not None and not source.get(name):
        raise malformed("Missing evdev path for input device")


def display(node: Node) -> None:
    """`virDomainGraphicsListenDefParseXML`, `virDomainGraphicsAuthDefParseXML`"""
    for number, listen in enumerate(node.all("listen")):
        if number == 0:
            _agree(node, listen)
        for name in ("network", "socket"):
            if listen.get(name) and listen.get("type") != name:
                raise malformed(f"'{name}' attribute is valid only for listen type '{name}'")
    if node.get("type") in ("vnc", "spice") and node.get("passwd") is not None:
        _authentication(node)


def _agree(node: Node, listen: Node) -> None:
    """What a display says of where it listens is what its first `<listen>` says."""
    for kind, old, new in (("address", "listen", "address"), ("socket", "socket", "socket")):
        said, first = node.get(old), listen.get(new)
        if listen.get("type") == kind and said is not None and first is not None and said != first:
            raise unsupported(
                f"graphics '{old}' attribute '{said}' must match '{new}' attribute of first listen element "
                f"(found '{first}')"
            )


def _authentication(node: Node) -> None:
    until, connected = node.get("passwdValidTo"), node.get("connected")
    if until is not None and TIME.fullmatch(until) is None:
        raise internal(f"cannot parse password validity time '{until}', expect YYYY-MM-DDTHH:MM:SS")
    if connected is not None and connected not in CONNECTED:
        raise unsupported(f"unknown connected value {connected}")
    if connected not in (None, "keep") and node.get("type") == "vnc":
        raise unsupported("VNC supports connected='keep' only")


def sound_settings(node: Node) -> None:
    """`virDomainAudioCommonParse`"""
    for side in (*node.all("input"), *node.all("output")):
        fixed = side.get("fixedSettings") == "yes"
        if fixed and side.get("mixingEngine") != "yes":
            raise unsupported("fixed audio settings requires mixing engine")
        if side.find("settings") is not None and not fixed:
            raise unsupported("audio settings specified without fixed settings flag")


def tpm(node: Node) -> None:
    """`virDomainTPMDefParseXML`"""
    backends = list(node.all("backend"))
    if len(backends) > 1:
        raise malformed("only one TPM backend is supported")
    if not backends:
        raise malformed("missing TPM device backend")
    if backends[0].get("type") == "external" and not backends[0].value("source", "type"):
        raise malformed("missing external TPM backend type")


def shared_memory(node: Node) -> None:
    """`virDomainShmemDefParseXML`"""
    if node.get("name") is None:
        raise malformed("shmem element must contain 'name' attribute")


def memory(node: Node) -> None:
    """`virDomainMemoryDefParseXML`"""
    if node.find("target") is None:
        raise malformed("missing <target> element for <memory> device")


def controller(node: Node) -> None:
    """`virDomainControllerDefParseXML`"""
    for tag in ("model", "target"):
        if sum(1 for _ in node.all(tag)) > 1:
            raise malformed(f"Multiple <{tag}> elements in controller definition not allowed")


def hostdev(node: Node) -> None:
    """`virDomainHostdevDefParseXMLSubsys`"""
    source, kind = node.find("source"), node.get("type")
    if source is None:
        raise malformed("Missing <source> element in hostdev device")
    if node.get("mode") == "capabilities":
        return
    if kind != "usb" and source.get("startupPolicy") is not None:
        raise unsupported("Setting startupPolicy is only allowed for USB devices")
    for name in ("sgio", "rawio"):
        if kind != "scsi" and node.get(name) is not None:
            raise malformed(f"{name} is only supported for scsi host device")
    if kind not in ("mdev", "scsi_host") and node.get("model") is not None:
        raise malformed(f"'model' attribute in <hostdev> is only supported when type='{kind}'")


def lease(node: Node) -> None:
    """`virDomainLeaseDefParseXML`"""
    if not next((one.text for one in node.all("key")), ""):
        raise malformed("Missing 'key' element for lease")
    target = node.find("target")
    if target is None:
        raise malformed("Missing 'target' element for lease")
    if target.get("path") is None:
        raise malformed("Missing 'path' attribute to 'target' element for lease")


def video(node: Node) -> None:
    """`virDomainVideoAccelDefParseXML`"""
    acceleration = node.find("model/acceleration")
    if acceleration is not None and not {"accel2d", "accel3d", "rendernode"} & acceleration.attrs.keys():
        raise malformed("missing values for acceleration")
