"""Graphics cards (`qemuBuildDeviceVideoCmd`)."""

from __future__ import annotations

from virtloom.xmldef.document import Node
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.devices.common import Props, address, virtio
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import alias, positive, switch
from virtloom_qemu.definition.guest import Guest, number

PRIMARY = {
    "vga": "VGA", "cirrus": "cirrus-vga", "vmvga": "vmware-svga", "qxl": "qxl-vga", "virtio": "virtio-vga",
    "bochs": "bochs-display", "ramfb": "ramfb",
}  # fmt: skip
SECONDARY = {"qxl": "qxl", "virtio": "virtio-gpu"}
KIB = 1024


def add_videos(guest: Guest, context: Context, line: CommandLine) -> None:
    """Every card."""
    for video in guest.all("video"):
        if video.value("model", "type") == "none":
            continue
        if _is_vhost_user(video):
            passed = context.descriptors.get(alias(video), ("-1",))
            line.option("chardev", f"socket,id=chr-vu-{alias(video)},fd={passed[0]}")
        line.device(video_properties(guest, video))


def _is_vhost_user(video: Node) -> bool:
    return video.value("driver", "name") == "vhostuser"


def video_properties(guest: Guest, video: Node) -> Props:
    """The device that a card is."""
    model = video.need("model")
    kind = model.get("type") or ""
    vhost_user = _is_vhost_user(video)
    heads = number(model, "heads") if kind in ("qxl", "virtio") else 0
    resolution = model.find("resolution")
    return given(
        {
            **_driver(guest, video, kind, vhost_user),
            "id": alias(video),
            "max_outputs": heads or None,
            **_memory(model, kind, vhost_user),
            "chardev": f"chr-vu-{alias(video)}" if vhost_user else None,
            "xres": positive(resolution, "x"),
            "yres": positive(resolution, "y"),
            **address(guest, video),
        }
    )


def _driver(guest: Guest, video: Node, kind: str, vhost_user: bool) -> Props:
    primary = video.value("model", "primary") == "yes"
    if vhost_user:
        return {"driver": "vhost-user-vga"} if primary else virtio("vhost-user-gpu", video)
    if kind != "virtio":
        return {"driver": (PRIMARY if primary else SECONDARY).get(kind, kind)}
    on_vga = primary and guest.emulator.has("virtio-vga")
    base = "virtio-vga" if on_vga else "virtio-gpu"
    if switch(video.value("model/acceleration", "accel3d")) and guest.emulator.has(f"{base}-gl"):
        base += "-gl"
    return virtio(base, video, suffix=not on_vga)


def _memory(model: Node, kind: str, vhost_user: bool) -> Props:
    vram = number(model, "vram")
    if kind == "qxl":
        return {
            "ram_size": number(model, "ram") * KIB or None,
            "vram_size": vram * KIB or None,
            "vram64_size_mb": number(model, "vram64") // KIB,
            "vgamem_mb": number(model, "vgamem") // KIB,
        }
    if vhost_user:
        return {}
    if kind in ("vga", "vmvga"):
        return {"vgamem_mb": vram // KIB or None}
    return {"vgamem": vram * KIB or None} if kind == "bochs" else {}
