"""A file system that is one file (fuse(4)): whoever opens it reads what a function says just then.

Its protocol is spoken here, and not by a library, because there is one controller for each container and this is all
that it needs of it.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable

DEVICE = "/dev/fuse"
KIND = "fuse.virtloom"
HEADER, ANSWER = struct.Struct("=IIQQIIII"), struct.Struct("=IiQ")  # in front of each request, and of each answer
UNANSWERED = (2, 36, 42)  # FUSE_FORGET, INTERRUPT, BATCH_FORGET
DIRECT = 1  # FOPEN_DIRECT_IO: nothing of it is kept, and its size is found by reading
VERSION = (7, 31)
REQUEST_MAX = 1 << 17  # bytes; the kernel refuses to read with less than its largest request
MODE = 0o100444


class File:
    """One file that is read only.

    :param content: what it says; asked at each reading from its beginning.
    :param owner: the uid and gid that it shows.
    """

    def __init__(self, content: Callable[[], bytes], owner: int) -> None:
        self.device = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._content, self._owner = content, owner
        self._texts: dict[int, bytes] = {}
        self._opened = 0
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            3: self._attributes,  # FUSE_GETATTR
            4: self._change,  # SETATTR
            14: self._open,
            15: self._read,
            17: self._sizes,  # STATFS
            18: self._close,  # RELEASE
            26: self._begin,  # INIT
        }

    def mount(self, place: str) -> bool:
        """Mount it over a file (mount(8)); whether that worked."""
        options = f"fd={self.device},rootmode={MODE:o},user_id=0,group_id=0,allow_other,nosuid,nodev"
        argv = ["mount", "-i", "-t", KIND, "-o", options, "virtloom", place]
        os.set_inheritable(self.device, True)
        try:
            pid = os.posix_spawnp(argv[0], argv, os.environ)
        except OSError:
            return False
        finally:
            os.set_inheritable(self.device, False)
        return os.waitpid(pid, 0)[1] == 0

    def serve(self) -> bool:
        """Answer one request; whether it is still mounted."""
        try:
            request = os.read(self.device, REQUEST_MAX)
        except OSError as error:
            return error.errno in (errno.EAGAIN, errno.EINTR, errno.ENOENT)  # ENOENT: whoever asked has gone
        _, operation, number, *_ = HEADER.unpack_from(request)
        if operation in UNANSWERED:
            return True
        try:
            status, answer = 0, self._answers.get(operation, _nothing)(request[HEADER.size :])
        except OSError as error:
            status, answer = -(error.errno or errno.EIO), b""
        try:
            os.write(self.device, ANSWER.pack(ANSWER.size + len(answer), status, number) + answer)
        except OSError as error:
            return error.errno == errno.ENOENT
        return True

    def _begin(self, _: bytes) -> bytes:
        return struct.pack("=IIIIHHIIHH32x", *VERSION, 0, 0, 0, 0, 4096, 1, 0, 0)

    def _attributes(self, _: bytes) -> bytes:
        return struct.pack("=QII6Q3I7I", 0, 0, 0, 1, *[0] * 8, MODE, 1, self._owner, self._owner, 0, 4096, 0)

    def _sizes(self, _: bytes) -> bytes:
        return struct.pack("=5Q4I24x", 0, 0, 0, 0, 0, 4096, 255, 4096, 0)

    def _open(self, asked: bytes) -> bytes:
        (flags,) = struct.unpack_from("=I", asked)
        if flags & os.O_ACCMODE != os.O_RDONLY:
            raise OSError(errno.EACCES, "")
        self._opened += 1
        return struct.pack("=QII", self._opened, DIRECT, 0)

    def _read(self, asked: bytes) -> bytes:
        handle, offset, size = struct.unpack_from("=QQI", asked)
        if offset == 0 or handle not in self._texts:
            self._texts[handle] = self._content()
        return self._texts[handle][offset : offset + size]

    def _close(self, asked: bytes) -> bytes:
        self._texts.pop(struct.unpack_from("=Q", asked)[0], None)
        return b""

    def _change(self, _: bytes) -> bytes:
        raise OSError(errno.EACCES, "")


def _nothing(_: bytes) -> bytes:
    """What a file like this has no need of."""
    raise OSError(errno.ENOSYS, "")
