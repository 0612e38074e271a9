"""Loop devices for image files, by losetup(8), what is on them, and roots that are mounted from them."""

from __future__ import annotations

import os

from virtloom.driver.process import run
from virtloom.errors import ErrorCode, VirtError

DEADLINE = 20.0  # s


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
    for device in devices(image):
        try:
            run(["losetup", "--detach", device], deadline=DEADLINE)
        except VirtError:
            if device in devices(image):
                raise


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
    if os.path.ismount(place):
        run(["umount", "-i", "--lazy", place], deadline=DEADLINE)
