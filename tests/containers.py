"""Containers for tests: a root of busybox that the test builds, private namespaces, and a look for what is left over.

No container of a test ever has the host's root: each gets a root of its own, and shares no network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from daemons import needs

APPLETS = ("sh", "ls", "cat", "echo", "sleep", "ps", "id", "ip", "hostname", "true", "false", "grep", "tail", "kill",
           "mkdir", "reboot", "poweroff", "ping", "nc", "tr", "mount", "date", "tty", "hexdump", "env")  # fmt: skip


def require_containers() -> None:
    """Skip where containers cannot run."""
    if os.geteuid() != 0:
        pytest.skip("containers need root rights")
    needs("lxc-start", "lxc")


def busybox_root(folder: Path) -> Path:
    """A root file system: busybox and empty folders."""
    busybox = needs("busybox", "busybox-static")
    for name in ("bin", "proc", "sys", "dev", "tmp", "etc", "mnt"):
        (folder / name).mkdir(parents=True)
    shutil.copy(busybox, folder / "bin" / "busybox")
    for applet in APPLETS:
        (folder / "bin" / applet).symlink_to("busybox")
    return folder


def image_of(root: Path, image: Path) -> Path:
    """An image with a file system on which there is what is in a folder."""
    image.touch()
    os.truncate(image, 24 << 20)
    subprocess.run([needs("mkfs.ext4", "e2fsprogs"), "-q", "-d", str(root), str(image)], check=True, timeout=60)
    return image


def script(root: Path, text: str, name: str = "init") -> str:
    """Put a program into a root; its path inside."""
    path = root / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return f"/bin/{name}"


def container_xml(
    name: str, root: Path, init: str = "/bin/sh", *, memory: int = 65536, devices: str = "", os_parts: str = "",
    features: str = "", more: str = "", uuid: str = "",
) -> str:  # fmt: skip
    """A definition with a network of its own.

    :param memory: in KiB; :param devices: more of them; :param features: beside `privnet`; :param more: at the top.
    """
    return f"""<domain type='lxc'>
  <name>{name}</name><uuid>{uuid or uuid4()}</uuid><memory unit='KiB'>{memory}</memory>{more}
  <os><type>exe</type><init>{init}</init>{os_parts}</os>
  <features><privnet/>{features}</features>
  <devices>
    <filesystem type='mount'><source dir='{root}'/><target dir='/'/></filesystem>
    <console type='pty'/>{devices}
  </devices>
</domain>"""


def unique(stem: str) -> str:
    """A name that no other test uses, short enough for a link."""
    return f"vt{stem}{os.getpid() % 100000}"


def leftovers(name: str, root: Path | None = None) -> list[str]:
    """What is still there of a container after its end: groups, processes, mounts, sockets."""
    found = [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/machine/lxc-{name}-*")]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"machine/lxc-{name}-*")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if name.encode() in words:
            found.append(f"{process}: {words!r}")
    if root is not None:
        found += [line for line in Path("/proc/mounts").read_text().splitlines() if str(root) in line]
    found += [line for line in Path("/proc/net/unix").read_text().splitlines() if f"/{name}/command" in line]
    return found


OURS = ("vnet", "macvlan", "veth", "phys")  # how the names begin that this driver or liblxc makes up


def links() -> set[str]:
    """The names of the host's links that may be a container's; others have theirs beside, and taps are QEMU's."""
    place = Path("/sys/class/net")
    return {name for name in os.listdir(place) if name.startswith(OURS) and not (place / name / "tun_flags").exists()}
