"""A container's configuration as a definition (`lxcParseConfigString`)."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.cleaning.containers import CAPABILITIES
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.rules import DomainRules, read
from virtloom.xmldef.values import scaled
from virtloom_lxc.native import networks
from virtloom_lxc.native.settings import Settings, parse

MEMORY = 65536  # KiB; what a container without a limit is given, since a definition must name something
INIT = "/sbin/init"
ARCHES = {"x86": "i686", "amd64": "x86_64"}
BASIC_MOUNTS = ("/proc", "/sys", "/dev", "/sys/fs", "/sys/kernel", "/sys/fs/cgroup", "/selinux")
LIMITS = {
    "hard_limit": "lxc.cgroup.memory.limit_in_bytes",
    "soft_limit": "lxc.cgroup.memory.soft_limit_in_bytes",
    "swap_hard_limit": "lxc.cgroup.memory.memsw.limit_in_bytes",
}
TUNES = {
    "shares": "lxc.cgroup.cpu.shares",
    "period": "lxc.cgroup.cpu.cfs_period_us",
    "quota": "lxc.cgroup.cpu.cfs_quota_us",
}
RATES = {
    "device_weight": "weight",
    "throttle.read_iops_device": "read_iops_sec",
    "throttle.write_iops_device": "write_iops_sec",
    "throttle.read_bps_device": "read_bytes_sec",
    "throttle.write_bps_device": "write_bytes_sec",
}


def from_native(text: str, rules: DomainRules) -> Domain:
    """The definition of a configuration.

    :raises VirtError: CONF_SYNTAX, and others for what cannot be said in a definition.
    """
    settings = Settings(parse(text))
    arch = settings.first("lxc.arch")
    domain = rules.complete(read(_document(settings, arch)))
    assert domain.os is not None
    assert domain.os.type is not None
    return domain if arch else domain.replace(os=domain.os.replace(type=domain.os.type.replace(arch=None)))


def _document(settings: Settings, arch: str | None) -> Node:
    root = Node("domain", {"type": "lxc"})
    name = settings.first("lxc.uts.name", "lxc.utsname")
    if name is None:
        raise _internal("the configuration has no lxc.uts.name, which names the domain")
    root.add("name", text=name)
    root.add("uuid", text=str(uuid4()))
    _memory(root, settings)
    vcpu = root.add("vcpu", text="1")
    if cpuset := settings.first("lxc.cgroup.cpuset.cpus"):
        vcpu.attrs["cpuset"] = cpuset
    _tuning(root, settings)
    os = root.add("os")
    os.add("type", {"arch": ARCHES.get(arch, arch)} if arch else {}, "exe")
    os.add("init", text=INIT)
    _idmap(root, settings)
    interfaces, private = networks.devices(settings)
    _features(root, settings, private)
    devices = root.add("devices")
    devices.children += [*_filesystems(settings), *interfaces, *_consoles(settings)]
    return root


def _memory(root: Node, settings: Settings) -> None:
    limits = {name: size // 1024 for name, key in LIMITS.items() if (size := _size(settings.first(key))) is not None}
    root.add("memory", {"unit": "KiB"}, str(limits.get("hard_limit", MEMORY)))
    if limits:
        tune = root.add("memtune")
        for name, kib in limits.items():
            tune.add(name, {"unit": "KiB"}, str(kib))


def _size(text: str | None) -> int | None:
    """A size in bytes, with the kernel's units.

    :raises VirtError: INTERNAL_ERROR.
    """
    if text is None:
        return None
    digits = len(text) - len(text.lstrip("0123456789"))
    number, unit = text[:digits], text[digits:]
    if unit == "%":
        raise _internal(f"can't convert relative size: '{text}'")
    try:
        return scaled(int(number), unit)
    except (ValueError, VirtError):
        raise _internal(f"failed to convert size: '{text}'") from None


def _tuning(root: Node, settings: Settings) -> None:
    values = {name: value for name, key in TUNES.items() if (value := settings.first(key)) is not None}
    for value in values.values():
        if not value.lstrip("-").isdigit():
            raise _internal(f"failed to parse integer: '{value}'")
    if values:
        tune = root.add("cputune")
        for name, value in values.items():
            tune.add(name, text=value)
    if mems := settings.first("lxc.cgroup.cpuset.mems"):
        root.add("numatune").add("memory", {"mode": "strict", "nodeset": mems})
    _blkio(root, settings)


def _blkio(root: Node, settings: Settings) -> None:
    tune = Node("blkiotune")
    devices: dict[str, Node] = {}
    for key, value in settings.below("lxc.cgroup.blkio."):
        if key == "weight":
            tune.children.insert(0, Node("weight", text=value))
        elif key in RATES:
            place, _, rate = value.partition(" ")
            if not rate.strip().isdigit():
                raise _internal(f"invalid lxc.cgroup.blkio.{key} value: '{value}'")
            device = devices.setdefault(place, Node("device"))
            device.add(RATES[key], text=rate.strip())
    for place, device in devices.items():
        order = list(RATES.values())
        device.children.sort(key=lambda rate: order.index(rate.tag))
        device.children.insert(0, Node("path", text=f"/dev/block/{place}"))
        tune.children.append(device)
    if tune.children:
        root.children.append(tune)


def _idmap(root: Node, settings: Settings) -> None:
    node = Node("idmap")
    for value in settings.all("lxc.idmap", "lxc.id_map"):
        fields = value.split()
        if len(fields) != 4 or not all(field.isdigit() for field in fields[1:]) or fields[0] not in ("u", "g"):
            raise _internal(f"invalid lxc.idmap: '{value}'")
        kind, target, start, count = fields
        # libvirt has it the other way round than liblxc's manual page; a definition must read as its own writes it.
        attrs = {"start": start, "target": target, "count": count}
        node.add("uid" if kind == "u" else "gid", attrs)
    node.children.sort(key=lambda one: one.tag, reverse=True)
    if node.children:
        root.children.append(node)


def _features(root: Node, settings: Settings, private: bool) -> None:
    features = root.add("features")
    if private:
        features.add("privnet")
    capabilities = features.add("capabilities", {"policy": "allow"})
    dropped = (settings.first("lxc.cap.drop") or "").split(" ")
    for name in CAPABILITIES:
        if name in dropped:
            capabilities.add(name, {"state": "off"})


def _filesystems(settings: Settings) -> Iterator[Node]:
    root = settings.first("lxc.rootfs.path", "lxc.rootfs")
    if root is None:
        raise _internal("the configuration has no lxc.rootfs.path, without which a container has no root")
    yield _filesystem(root.removeprefix("dir:"), "/", [])
    if settings.all("lxc.mount.fstab", "lxc.mount"):
        detail = "lxc.mount.fstab or lxc.mount found, use lxc.mount.entry lines instead"
        raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail, ErrorDomain.LXC)
    for line in settings.all("lxc.mount.entry"):
        fields = line.split()
        if len(fields) < 4:
            raise _internal(f"invalid lxc.mount.entry: '{line}'")
        source, target, kind, options = fields[:4]
        target = target if target.startswith("/") else f"/{target}"
        if target not in BASIC_MOUNTS:
            yield _filesystem(source, target, options.split(","), memory=kind == "tmpfs")


def _filesystem(source: str, target: str, options: list[str], *, memory: bool = False) -> Node:
    node = Node("filesystem", {"type": "mount", "accessmode": "passthrough"})
    if memory:
        sizes = [one.removeprefix("size=") for one in options if one.startswith("size=")]
        if not sizes:
            raise _internal("missing tmpfs size, set the size option")
        node.attrs["type"] = "ram"
        node.add("source", {"usage": str((_size(sizes[0]) or 0) // 1024), "units": "KiB"})
    elif source.startswith("/dev/"):
        node.attrs["type"] = "block"
        node.add("source", {"dev": source})
    else:
        node.add("source", {"dir": source})
    node.add("target", {"dir": target})
    if "ro" in options:
        node.add("readonly")
    return node


def _consoles(settings: Settings) -> list[Node]:
    text = settings.first("lxc.tty.max", "lxc.tty")
    if text is None:
        return []
    if not text.isdigit():
        raise _internal(f"failed to parse int: '{text}'")
    return [Node("console", {"type": "pty"}) for _ in range(int(text))]


def _internal(detail: str) -> VirtError:
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.LXC)
