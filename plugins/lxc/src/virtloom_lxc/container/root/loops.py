"""Loop devices for image files, by losetup(8), what is on them, and roots that are mounted from them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from virtloom.driver.work.process import run
from virtloom.errors import ErrorCode, VirtError
from virtloom_lxc.container.root.paths import field

DEADLINE = 20.0  # s
TOOLS = ("losetup", "mount", "umount")


def attach(image: str, *, readonly: bool) -> str:
    """Give an image a loop device.

    :return: the device's node.
    :raises VirtError: OPERATION_FAILED in losetup's words, OPERATION_TIMEOUT.
    """
    options = ["--read-only"] if readonly else []
    done = run(["losetup", "--find", "--show", *options, image], deadline=DEADLINE)
    return done.stdout.decode().strip()


def devices(image: str) -> list[str]:
    """The loop devices of an image."""
    done = run(["losetup", "--noheadings", "--output", "NAME", "--associated", image], deadline=DEADLINE, check=False)
    return done.stdout.decode().split()


def detach(image: str) -> None:
    """Let an image's loop devices go, at once or when nobody uses them any more."""
    _settle(image)
    for device in devices(image):
        try:
            run(["losetup", "--detach", device], deadline=DEADLINE)
        except VirtError:
            if device in devices(image):
                raise


def _settle(argument: str) -> None:
    """Wait for tools that a daemon which died has left at work: what they do is to be undone as well."""
    end = time.monotonic() + DEADLINE
    while _is_worked_on(argument) and time.monotonic() < end:
        time.sleep(0.02)


def _is_worked_on(argument: str) -> bool:
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if os.path.basename(words[0]).decode(errors="replace") in TOOLS and os.fsencode(argument) in words:
            return True
    return False


def kind_on(device: str) -> str:
    """The kind of file system on a device, such as `ext4` (blkid(8)).

    :raises VirtError: OPERATION_FAILED if there is none that anybody knows.
    """
    done = run(["blkid", "--probe", "--match-tag", "TYPE", "--output", "value", device], deadline=DEADLINE, check=False)
    kind = done.stdout.decode().strip()
    if not kind:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"there is no file system on '{device}'")
    return kind


def mount(device: str, kind: str, place: str, *, readonly: bool) -> None:
    """Mount a device (mount(8)).

    :raises VirtError: OPERATION_FAILED in mount's words, OPERATION_TIMEOUT.
    """
    options = ["-o", "ro"] if readonly else []
    run(["mount", "-i", "-t", kind, *options, device, place], deadline=DEADLINE)


def unmount(place: str) -> None:
    """Unmount what is mounted at a place, now or when nobody uses it any more; nothing if nothing is.

    :raises VirtError: OPERATION_FAILED in umount's words, OPERATION_TIMEOUT.
    """
    _settle(place)
    if is_mounted(place):
        run(["umount", "-i", "--lazy", place], deadline=DEADLINE)


def is_mounted(place: str, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether something is mounted at a place, which is not looked at: whoever serves it may be gone, or hang."""
    name = field(os.path.join(os.path.realpath(os.path.dirname(place)), os.path.basename(place)))
    return any(line.split(" ")[1] == name for line in mounts.read_text().splitlines())
