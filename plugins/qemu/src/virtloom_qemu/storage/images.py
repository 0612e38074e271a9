"""Images made and changed by qemu-img, which is what knows their formats."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from virtloom.driver.work.process import Finished
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

WITHIN = 300.0  # seconds for one run of qemu-img: a snapshot of a large image rewrites its tables
Run = Callable[..., Finished]


class Images:
    """Images on this host.

    :param run: runs a helper process, as `DriverHost.run` does.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def _qemu_img(self, *words: str) -> Finished:
        return self._run(["qemu-img", *words], deadline=WITHIN)

    def create(self, path: Path | str, form: str, *, backing: tuple[str, str] | None = None, size: int = 0) -> None:
        """Make an image.

        :param backing: the path and the format of the image that it lies on; :param size: in bytes, without one.
        :raises VirtError: OPERATION_FAILED.
        """
        if backing is not None:
            self._qemu_img("create", "-f", form, "-F", backing[1], "-b", backing[0], str(path))
        else:
            self._qemu_img("create", "-f", form, str(path), str(size))

    def snapshot(self, path: str, option: str, name: str) -> None:
        """Take (`-c`), go back to (`-a`) or delete (`-d`) a snapshot inside an image.

        :raises VirtError: OPERATION_FAILED.
        """
        self._qemu_img("snapshot", option, name, path)

    def resize(self, path: str, form: str, size: int) -> None:
        """Change what the guest sees of an image, in bytes."""
        self._qemu_img("resize", "-f", form, path, str(size))


def require_writable(path: Path) -> None:
    """Begin an image that is to be made, so that a folder that is not there is told as such.

    :raises VirtError: SYSTEM_ERROR.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise system_error(error, f"failed to create image file '{path}'", ErrorDomain.QEMU) from error


def not_qcow2(name: str, what: str) -> VirtError:
    """The error for a disk whose image can hold no snapshot."""
    return VirtError(ErrorCode.OPERATION_INVALID, f"Disk device '{name}' does not support {what}")
