"""A definition as liblxc's configuration (lxc.container.conf(5))."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.cgroups import Group, Hierarchy, files
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container import limits
from virtloom_lxc.container.capabilities import capability_lines, has
from virtloom_lxc.container.devices import passed_devices
from virtloom_lxc.container.places import Places
from virtloom_lxc.container.root import lxcfs, rootfs
from virtloom_lxc.container.root.filesystems import Filesystem, filesystems
from virtloom_lxc.container.root.init import command_line, init_lines
from virtloom_lxc.container.root.paths import field
from virtloom_lxc.links.inside import Inside

PARTITION = "machine"


class Prepared(NamedTuple):
    """What was made for a container before its configuration is written.

    :ivar loops: the loop device of each image file; :ivar kinds: the file systems that are on devices.
    :ivar links: the network interfaces that are moved into it; None shares the host's network.
    :ivar shared: the namespaces that it shares, by liblxc's name for each, as descriptors that lxc-start inherits.
    :ivar folder: where the root is mounted that is on a device or in an image, None for any other.
    :ivar lxcfs: where lxcfs serves, None if it does not.
    :ivar group: its control group; :ivar controller_group: its controller's.
    """

    places: Places
    hierarchy: Hierarchy
    group: str
    controller_group: str
    loops: Mapping[str, str] = {}
    kinds: Mapping[str, str] = {}
    links: Sequence[Inside] | None = ()
    shared: Mapping[str, int] = {}
    lxcfs: str | None = None
    folder: Path | None = None


def configuration(domain: Domain, prepared: Prepared) -> str:
    """The configuration of a container.

    :raises VirtError: CONFIG_UNSUPPORTED for what liblxc cannot be told.
    """
    lines = [
        *_identity(domain, prepared),
        *_root(domain, prepared),
        *init_lines(domain, prepared.folder or rootfs.folder(domain)),
        *_namespaces(domain, prepared),
        *capability_lines(domain),
        *labels(domain),
        *_network(prepared),
        *_limits(domain, prepared.hierarchy),
    ]
    if any("\n" in line for line in lines):
        raise _unsupported("a container's settings are of one line each")
    return "".join(f"{line}\n" for line in lines)


def portable_lines(domain: Domain, hierarchy: Hierarchy) -> list[str]:
    """The lines that do not depend on who runs the container, nor on anything made for one run."""
    prepared = Prepared(Places(Path("/"), domain.name, Path("/")), hierarchy, "", "")
    lines = [*_root(domain, prepared), *init_lines(domain, rootfs.folder(domain))]
    lines += [*_namespaces(domain, prepared), *capability_lines(domain)]
    kept = [line for line in lines if not line.startswith("lxc.rootfs.mount")]
    return [command_line(domain), *kept, *labels(domain), *_limits(domain, hierarchy)]


def _identity(domain: Domain, prepared: Prepared) -> Iterator[str]:
    yield f"lxc.uts.name = {domain.name}"
    yield f"lxc.cgroup.dir.container = {prepared.group}"
    yield f"lxc.cgroup.dir.monitor = {prepared.controller_group}"
    yield from (f"lxc.hook.start-host = {_hook(line)}" for line in _hooks(prepared))
    yield from ("lxc.console.path = none", "lxc.tty.max = 0", "lxc.pty.max = 1024", "lxc.autodev = 1")


def _hooks(prepared: Prepared) -> Iterator[str]:
    """What is done on the host at each boot, just before init: routes are set, and its pid is told."""
    places = prepared.places
    rest = [todo for link in prepared.links or () if (todo := link.rest()) is not None]
    if rest:
        program = f"{shlex.quote(sys.executable)} -P -m virtloom_lxc.links.apply"
        words = f'"$LXC_PID" {shlex.quote(json.dumps(rest))} --logged'
        yield f"exec {program} {words} 2>>{shlex.quote(str(places.log))}"
    yield f'echo "$LXC_PID" >{shlex.quote(str(places.fifo))}'


def _hook(line: str) -> str:
    """A line of the shell as a hook: liblxc puts words of its own behind it."""
    return f"/bin/sh -c {shlex.quote(line)}"


# The root, and what is mounted below it.


def _root(domain: Domain, prepared: Prepared) -> Iterator[str]:
    every = filesystems(domain)
    root = next((one for one in every if one.is_root), None)
    if root is not None:
        yield f"lxc.rootfs.path = {root_path(root, prepared)}"
        yield f"lxc.rootfs.mount = {prepared.places.root}"
        if root.readonly:
            yield "lxc.rootfs.options = ro"
    yield from _kernel(domain, prepared)
    yield from (f"lxc.mount.entry = {_mount(one, prepared)}" for one in every if not one.is_root)
    if prepared.lxcfs is not None:
        yield from lxcfs.mount_lines(prepared.lxcfs)
    for device in passed_devices(domain):
        yield f"lxc.mount.entry = {field(device.source)} {field(device.target[1:])} none bind,create=file 0 0"


def _kernel(domain: Domain, prepared: Prepared) -> Iterator[str]:
    """The kernel's own file systems. Settings of a network that is the host's are the host's to make."""
    own_network = prepared.links is not None
    # Who has not this capability could not mount control groups that can be written, and is not given them either.
    groups = "mixed" if has(domain, "sys_admin") else "ro"
    # Users that are mapped cannot mount what shows a network that is not theirs (`lxcContainerMountBasicFS`).
    bound = not own_network and domain.idmap is not None
    system = "" if bound else "sys:ro "
    yield f"lxc.mount.auto = proc:{'mixed' if own_network else 'rw'} {system}cgroup:{groups}:force"
    if bound:
        yield "lxc.mount.entry = /sys sys none rbind,ro,nosuid,nodev,noexec,create=dir 0 0"
    if not own_network:
        for name in ("sys", "sysrq-trigger"):
            yield f"lxc.mount.entry = {prepared.places.root}/proc/{name} proc/{name} none bind,ro,optional 0 0"


def root_path(root: Filesystem, prepared: Prepared) -> str:
    """Where the root comes from, as `lxc.rootfs.path` has it."""
    if prepared.folder is not None:
        return f"dir:{prepared.folder}"
    return f"dir:{root.source}" if root.kind == "mount" else root.source


def _mount(one: Filesystem, prepared: Prepared) -> str:
    """One line of fstab(5)."""
    source, kind, options = one.source, "none", "bind,create=dir"
    if one.kind == "ram":
        source, kind, options = "tmpfs", "tmpfs", f"nosuid,nodev,size={one.source}k,create=dir"
    elif one.kind == "bind":
        source = f"{prepared.places.root}{one.source}"
    elif one.kind in ("file", "block"):
        device = prepared.loops.get(one.source, one.source)
        source, kind, options = device, prepared.kinds.get(device, "auto"), "create=dir"
    elif not Path(one.source).is_dir():
        options = "bind,create=file"
    access = ",ro" if one.readonly else ""
    return f"{field(source)} {field(one.target[1:])} {kind} {options}{access} 0 0"


# Namespaces, labels, network.


def _namespaces(domain: Domain, prepared: Prepared) -> Iterator[str]:
    yield from (f"lxc.namespace.share.{name} = /proc/self/fd/{open}" for name, open in prepared.shared.items())
    for kind, letter in (("uid", "u"), ("gid", "g")):
        for one in domain.idmap.all(kind) if domain.idmap is not None else ():
            yield f"lxc.idmap = {letter} {one.get('start')} {one.get('target')} {one.get('count')}"


def owner(domain: Domain) -> int:
    """The host's uid of the container's root."""
    for one in domain.idmap.all("uid") if domain.idmap is not None else ():
        if one.get("start") == "0":
            return int(one.get("target") or 0)
    return 0


def labels(domain: Domain) -> Iterator[str]:
    """What confines the processes of a container beside the kernel's namespaces."""
    for label in domain.seclabel:
        text = label.find("label")
        if text is not None and text.text and label.get("model") in LABELS:
            yield f"{LABELS[label.get('model') or '']} = {text.text}"


LABELS = {"apparmor": "lxc.apparmor.profile", "selinux": "lxc.selinux.context"}


def _network(prepared: Prepared) -> Iterator[str]:
    if "net" in prepared.shared:
        return
    if prepared.links is None:
        yield "lxc.net.0.type = none"
    elif not prepared.links:
        yield from ("lxc.net.0.type = empty", "lxc.net.0.flags = up")
    for number, link in enumerate(prepared.links or ()):
        yield from (f"lxc.net.{number}.{name} = {value}" for name, value in link.settings())


# Limits.


def _limits(domain: Domain, hierarchy: Hierarchy) -> Iterator[str]:
    """Limits, by the names of the version that each controller is used through."""
    example = Group(hierarchy, PARTITION)
    unified = {files.DEVICES_ALLOW: "devices.allow", files.DEVICES_DENY: "devices.deny"}
    bandwidth = {}
    for file, value in limits.settings(domain, example):
        version = hierarchy.version(file.controller)
        if version == 2 and file in (files.CPU_PERIOD, files.CPU_QUOTA):
            bandwidth[file] = value
            continue
        name = (file.unified or unified.get(file, "")) if version == 2 else file.legacy
        if version and name:
            yield f"lxc.cgroup{'2' if version == 2 else ''}.{name} = {value}"
    if bandwidth:
        period, quota = bandwidth.get(files.CPU_PERIOD, "100000"), bandwidth.get(files.CPU_QUOTA, "max")
        yield f"lxc.cgroup2.cpu.max = {quota} {period}"


def _unsupported(detail: str) -> VirtError:
    return VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
