"""Loop devices for image files, by losetup(8), and what is on them."""

from __future__ import annotations

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
