"""A container's root: what has to be there before anything is started, and the refusal of the host's own.

Guarantees: a container never shares the host's root unless the administrator allowed it. An init in the host's root
would run the host's own clean-up there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container.filesystems import Filesystem, filesystems, root_of

LINKS_MAX = 40  # symbolic links followed for one path, as the kernel does it
SETTING = "allow_host_root = true in the section [driver.lxc] of the configuration allows it"


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


def check_init(domain: Domain) -> None:
    """Refuse an init that is not in the container's root or cannot be executed, where the root can be looked into.

    :raises VirtError: INTERNAL_ERROR in libvirt's words.
    """
    root = root_of(domain)
    init = (domain.os.init if domain.os is not None else None) or ""
    over = any(not one.is_root and _is_below(init, one.target) for one in filesystems(domain))
    if over or (root is not None and root.kind != "mount"):
        return  # liblxc finds out, when everything is mounted
    place = inside(Path(root.source if root is not None else "/"), init)
    if place is not None and place.is_dir():
        raise StartFailed(f"init path '{init}' is a directory: {os.strerror(21)}")
    if place is None or not place.is_file():
        raise StartFailed(f"cannot find init path '{init}' relative to container root: {os.strerror(2)}")
    if not os.access(place, os.X_OK):
        raise StartFailed(f"init path '{init}' is not executable: {os.strerror(13)}")


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def inside(root: Path, path: str) -> Path | None:
    """Where a container's path is on the host, its links followed as the container would; None if it leads nowhere."""
    waiting = [part for part in reversed(path.split("/")) if part]
    place, followed = root, 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            place = place.parent if place != root else root
            continue
        if part == ".":
            continue
        step = place / part
        try:
            target = os.readlink(step) if step.is_symlink() else None
        except OSError:
            return None
        if target is None:
            place = step
            continue
        followed += 1
        if followed > LINKS_MAX:
            return None
        if target.startswith("/"):
            place = root
        waiting += [one for one in reversed(target.split("/")) if one]
    return place if place.exists() else None


def account(domain: Domain, name: str, table: str) -> int:
    """The number of a user or group inside the container (passwd(5), group(5)).

    :param table: `passwd` or `group`.
    :raises VirtError: INTERNAL_ERROR if it has none, or the root cannot be looked into.
    """
    if name.isascii() and name.isdigit():
        return int(name)
    root = root_of(domain)
    place = inside(Path(root.source), f"/etc/{table}") if root is not None and root.kind == "mount" else None
    for known, number in _accounts(place):
        if known == name:
            return number
    raise StartFailed(f"internal error: {'User' if table == 'passwd' else 'Group'} {name} doesn't exist")


def _accounts(place: Path | None) -> Iterator[tuple[str, int]]:
    if place is None:
        return
    try:
        lines = place.read_text(errors="replace").splitlines()
    except OSError as error:
        raise system_error(error, f"cannot read {place}", ErrorDomain.LXC) from error
    for line in lines:
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isdigit():
            yield fields[0], int(fields[2])
