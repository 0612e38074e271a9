"""The plugin: what it declares, and how it starts."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from virtloom.driver import API_VERSION, ConfigKey, DriverDeclaration, DriverHost, DriverKind, hookimpl
from virtloom.errors import ErrorCode, VirtError
from virtloom_lxc import object_types

if TYPE_CHECKING:
    from virtloom_lxc.driver import LxcDriver

VERSION = "0.1.0"
NAMESPACES = ("mnt", "pid", "uts", "ipc", "net")  # without which there are no containers
TOOLS = {"lxc-start": "lxc", "unshare": "util-linux"}  # with their packages


@hookimpl
def virtloom_declare() -> DriverDeclaration:
    """See `virtloom.driver.hookspecs`."""
    return DriverDeclaration(
        "lxc",
        VERSION,
        API_VERSION,
        DriverKind.HYPERVISOR,
        schemes=("lxc",),
        object_types=object_types.ALL,
        default_uris=("lxc:///system",),
        default_rank=20,
        config=(
            ConfigKey(
                "allow_host_root",
                False,
                "Whether a container may have the host's own root as its root. Its init then acts on the host's files.",
            ),
            ConfigKey(
                "lxcfs",
                "/var/lib/lxcfs",
                "Where lxcfs serves each container files of /proc of its own; without it they are the host's.",
            ),
            ConfigKey(
                "require_limits",
                True,
                "Whether a container is refused whose limits this host cannot keep, for want of control groups.",
            ),
        ),
    )


@hookimpl
def virtloom_start(host: DriverHost) -> LxcDriver:
    """See `virtloom.driver.hookspecs`."""
    check_host()
    from virtloom_lxc.driver import LxcDriver

    return LxcDriver(host)


def check_host() -> None:
    """Refuse a host that cannot run containers.

    :raises VirtError: what is missing, and what to do.
    """
    if os.geteuid() != 0:
        raise VirtError(ErrorCode.OPERATION_FAILED, "containers need root rights", hint="run virtloomd as root")
    missing = [name for name in NAMESPACES if not os.path.exists(f"/proc/self/ns/{name}")]
    if missing:
        detail = f"the kernel has no namespaces of the kinds {', '.join(missing)}"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, hint="boot a kernel that has them")
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            detail = f"the program {tool} is not installed"
            raise VirtError(ErrorCode.OPERATION_FAILED, detail, hint=f"on Debian: apt-get install {package}")
