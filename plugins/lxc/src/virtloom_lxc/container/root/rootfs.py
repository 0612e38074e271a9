"""A container's root: what has to be there before anything is started, and the refusal of the host's own.

Guarantees: a container never shares the host's root unless the administrator allowed it. An init in the host's root
would run the host's own clean-up there.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container.root.filesystems import Filesystem, filesystems, root_of

SETTING = "allow_host_root = true in the section [driver.lxc] of the configuration allows it"


def folder(domain: Domain) -> Path | None:
    """The folder of the host that is a container's root; None if its root is on a device or in an image."""
    root = root_of(domain)
    if root is None:
        return Path("/")
    return Path(root.source) if root.kind == "mount" else None


def check_roots(domain: Domain, *, allow_host_root: bool) -> None:
    """Refuse a container that would have the host's root, and sources that are not there. Starts nothing.

    :raises VirtError: CONFIG_UNSUPPORTED for the host's root, INTERNAL_ERROR in libvirt's words for what is missing.
    """
    every = filesystems(domain)
    roots = [one for one in every if one.is_root]
    if not roots and not allow_host_root:
        detail = (
            f"domain '{domain.name}' has no filesystem with the target '/', so it would share the host's root; "
            f"give it a root of its own ({SETTING})"
        )
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
    if any(one.kind == "ram" for one in roots):
        detail = f"the root filesystem of domain '{domain.name}' is of type 'ram', which is empty and has no init"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)
    for one in every:
        _check_source(one)
    taken = next((one.source for one in roots if _is_host_root(one)), None)
    if taken is not None and not allow_host_root:
        detail = (
            f"the root filesystem '{taken}' of domain '{domain.name}' is the host's root; "
            f"give it a root of its own ({SETTING})"
        )
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.LXC)


def _check_source(one: Filesystem) -> None:
    if one.kind in ("ram", "bind"):
        return
    try:
        found = os.stat(one.source)
    except OSError as error:
        what = f"Unable to open {one.source}" if one.kind == "file" else f"Failed to access '{one.source}'"
        raise StartFailed(f"{what}: {os.strerror(error.errno or 0)}") from error
    wanted = {"mount": stat.S_ISDIR, "block": stat.S_ISBLK, "file": stat.S_ISREG}[one.kind]
    if not wanted(found.st_mode) and not (one.kind == "mount" and not one.is_root):
        kind = {"mount": "directory", "block": "block device", "file": "regular file"}[one.kind]
        raise StartFailed(f"'{one.source}' is not a {kind}, which a filesystem of type '{one.kind}' needs")


def _is_host_root(root: Filesystem) -> bool:
    """Whether a root is the host's: by its path, by what it is, or by the device that the host's root is on."""
    host = os.stat("/")
    if root.kind == "block":
        return os.stat(root.source).st_rdev == host.st_dev
    if root.kind == "bind":
        return True  # a root that is taken from inside the container can only be the host's
    if root.kind != "mount":
        return False
    found = os.stat(root.source)
    same = (found.st_dev, found.st_ino) == (host.st_dev, host.st_ino)
    return same or os.path.realpath(root.source) == "/"


class StartFailed(VirtError):
    """A container that cannot start, as libvirt's clients know it; its domain's reason says so."""

    def __init__(self, reason: str) -> None:
        detail = f"guest failed to start: Failure in libvirt_lxc startup: {reason}"
        super().__init__(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.LXC)
