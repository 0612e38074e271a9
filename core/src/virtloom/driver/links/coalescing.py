"""How many received frames a link hands over at once (ethtool(8), `-C`, by its ioctl)."""

from __future__ import annotations

import fcntl
import socket
import struct
from ctypes import addressof, create_string_buffer

from virtloom.errors import ErrorDomain, system_error

SIOCETHTOOL, ETHTOOL_SCOALESCE = 0x8946, 0x0000000F
FIELDS, RX_FRAMES = 23, 2  # of struct ethtool_coalesce, 32 bits each; its first is the command
REQUEST = struct.Struct("16sP16x")  # struct ifreq with a pointer


def set_coalescing(name: str, frames: int) -> None:
    """Have a link hand over received frames when there are so many.

    :raises VirtError: SYSTEM_ERROR if it cannot.
    """
    numbers = [0] * FIELDS
    numbers[0], numbers[RX_FRAMES] = ETHTOOL_SCOALESCE, frames
    settings = create_string_buffer(struct.pack(f"{FIELDS}I", *numbers))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            fcntl.ioctl(control, SIOCETHTOOL, REQUEST.pack(name.encode(), addressof(settings)))
        except OSError as error:
            raise system_error(error, f"Cannot set coalesce info on '{name}'", ErrorDomain.NONE) from error
